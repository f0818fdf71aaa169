//! What kind of email a job is for. A payload of schema 1 is a prediction's; from schema 2 on it says its kind.

use serde::Deserialize;

use crate::send_flagged_digest::KIND_SCHEMA;
use crate::{PayloadError, SendFlaggedDigest, SendPredictionEmail};

/// A job's payload, read.
#[derive(Debug, Clone, PartialEq)]
pub enum EmailPayload {
    /// About one prediction.
    Prediction(Box<SendPredictionEmail>),
    /// About those at high risk.
    FlaggedDigest(SendFlaggedDigest),
}

impl EmailPayload {
    /// Reads a stored payload.
    ///
    /// # Errors
    /// [`PayloadError`], which tells a newer build's from one that is none.
    pub fn read(payload: &str) -> Result<Self, PayloadError> {
        #[derive(Deserialize)]
        struct Format {
            schema: u64,
            kind: Option<String>,
        }
        let unreadable = |error: serde_json::Error| PayloadError::Unreadable(error.to_string());
        let Format { schema, kind } = serde_json::from_str(payload).map_err(unreadable)?;
        match kind.as_deref() {
            _ if schema > u64::from(KIND_SCHEMA) => Err(PayloadError::Newer(schema)),
            None => Ok(Self::Prediction(Box::new(SendPredictionEmail::read(payload)?))),
            Some("flagged_digest") => {
                Ok(Self::FlaggedDigest(serde_json::from_str(payload).map_err(unreadable)?))
            }
            Some(_) => Err(PayloadError::UnknownKind),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use chrono::NaiveDate;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::DigestKind;

    fn digest() -> SendFlaggedDigest {
        SendFlaggedDigest {
            schema: KIND_SCHEMA,
            kind: DigestKind::FlaggedDigest,
            uid: Uuid::nil(),
            recipients: vec!["a@example.org".to_owned()],
            environment: "prod".to_owned(),
            day: NaiveDate::from_ymd_opt(2026, 11, 30).unwrap(),
        }
    }

    #[test]
    fn a_digest_is_read_back_and_what_knows_predictions_only_takes_it_for_a_newer_build_s() {
        let payload = serde_json::to_string(&digest()).unwrap();
        assert_eq!(EmailPayload::read(&payload).unwrap(), EmailPayload::FlaggedDigest(digest()));
        // As the build before reads every payload.
        assert!(matches!(SendPredictionEmail::read(&payload), Err(PayloadError::Newer(2))));
        let stored = r#"{"schema":2,"kind":"flagged_digest","uid":"00000000-0000-0000-0000-000000000000",
            "environment":"prod","day":"2026-11-30","recipients":["a@example.org"],"more":1}"#;
        assert_eq!(EmailPayload::read(stored).unwrap(), EmailPayload::FlaggedDigest(digest()), "the format");
    }

    #[test]
    fn a_prediction_is_written_as_before_and_read_by_both() {
        let stored = json!({
            "schema": 1, "uid": Uuid::nil(), "client_id": "c", "prediction": 0.5, "high_risk": "no", "ltv": 1.0,
            "treatment": "model", "model": "m", "config_version": 3, "environment": "prod",
            "answered_at": "2026-11-30T00:00:00Z",
        });
        let email = SendPredictionEmail::read(&stored.to_string()).unwrap();
        assert_eq!(
            EmailPayload::read(&stored.to_string()).unwrap(),
            EmailPayload::Prediction(Box::new(email))
        );
    }

    #[test]
    fn what_a_newer_build_wrote_is_told_from_what_is_no_payload() {
        let read = |payload: &str| EmailPayload::read(payload).unwrap_err();
        assert!(matches!(read(r#"{"schema":3,"kind":"flagged_digest"}"#), PayloadError::Newer(3)));
        assert!(matches!(read(r#"{"schema":2,"kind":"weather"}"#), PayloadError::UnknownKind));
        assert!(matches!(read(r#"{"schema":2}"#), PayloadError::Newer(2)));
        for payload in ["", "{}", "[]", r#"{"schema":2,"kind":"flagged_digest"}"#, r#"{"schema":1}"#] {
            assert!(matches!(read(payload), PayloadError::Unreadable(_)), "{payload}");
        }
    }
}
