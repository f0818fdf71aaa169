//! The job that emails one prediction: what it needs to know, and from where.

use bellwether_core::prediction::LogRecord;
use bellwether_core::treatment::Treatment;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The payload format this build writes; it reads this one and the one before.
pub const PAYLOAD_SCHEMA: u32 = 1;

/// One email about one prediction: the row `email_jobs.payload`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendPredictionEmail {
    /// The payload's format.
    pub schema: u32,
    /// The prediction's uid, which is the job's id and makes the Message-ID.
    pub uid: Uuid,
    /// To whom; empty means the operator's recipients.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// The client, if the request named one.
    pub client_id: Option<String>,
    /// Probability of churn, 0 to 1.
    pub prediction: Option<f64>,
    /// `yes` or `no`.
    pub high_risk: Option<String>,
    /// The client's lifetime value; 0 where unknown.
    pub ltv: f64,
    /// What the client got.
    pub treatment: Treatment,
    /// The bundle that answered; none for the heuristic.
    pub model: Option<String>,
    /// The config version that was live.
    pub config_version: u64,
    /// The environment that answered.
    pub environment: String,
    /// When it answered, in UTC.
    pub answered_at: DateTime<Utc>,
    /// Of emails with the same key only the first is sent; none has no such bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe_key: Option<String>,
    /// The trace that the call belongs to, as a W3C `traceparent`, if it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// A payload that this build cannot turn into an email.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Written by a newer build, which will know what to do with it.
    #[error("the payload is of schema {0}, newer than this build's {PAYLOAD_SCHEMA}")]
    Newer(u64),
    /// Of a kind that a newer build will know what to do with.
    #[error("the payload is of a kind that this build does not know")]
    UnknownKind,
    /// Not a payload at all, or one older than the last two formats.
    #[error("the payload cannot be read: {0}")]
    Unreadable(String),
}

impl SendPredictionEmail {
    /// The email a record causes, if it causes one: never for a holdout, nor for a call that was not made
    /// for a client's sake, whatever the record says.
    pub fn ordered_by(record: &LogRecord) -> Option<Self> {
        let order = record.email.as_ref()?;
        let answer = &record.output;
        if answer.treatment == Treatment::Holdout || record.purpose.is_some() {
            return None;
        }
        Some(Self {
            schema: PAYLOAD_SCHEMA,
            uid: answer.uid,
            recipients: order.recipients.clone(),
            client_id: record.client_id.clone(),
            prediction: answer.prediction,
            high_risk: answer.high_risk.as_deref().map(str::to_owned),
            ltv: answer.ltv,
            treatment: answer.treatment,
            model: answer.model.clone(),
            config_version: answer.config_version,
            environment: record.environment.clone(),
            answered_at: record.logging_timestamp,
            dedupe_key: order.dedupe_key.clone(),
            trace: record.trace.clone(),
        })
    }

    /// Reads a stored payload.
    ///
    /// # Errors
    /// When it was written by a newer build, or is no payload of the last two formats.
    pub fn read(payload: &str) -> Result<Self, PayloadError> {
        #[derive(Deserialize)]
        struct Format {
            schema: u64,
        }
        let unreadable = |error: serde_json::Error| PayloadError::Unreadable(error.to_string());
        let Format { schema } = serde_json::from_str(payload).map_err(unreadable)?;
        if schema > u64::from(PAYLOAD_SCHEMA) {
            return Err(PayloadError::Newer(schema));
        }
        serde_json::from_str(payload).map_err(unreadable)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "send_prediction_email_tests.rs"]
mod tests;
