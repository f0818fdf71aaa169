//! `POST /emails`: asks for the email of one prediction, named by its uid or given as it was answered.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::config::looks_like_address;
use bellwether_core::customer::MAX_CLIENT_ID_CHARS;
use bellwether_core::prediction::{EmailOrder, LogRecord};
use bellwether_core::treatment::Treatment;
use bellwether_jobs::{OutboxError, PAYLOAD_SCHEMA, SendPredictionEmail};
use bellwether_store::KeyedRequest;
use bellwether_web::{Problem, body};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::predict::call;
use crate::idempotency::{IdempotencyKey, fingerprint};
use crate::state::State;

const MAX_RECIPIENTS: usize = 50;
const MAX_MODEL_CHARS: usize = 64;

/// Which prediction is to be emailed: either `uid` or `payload`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailRequest {
    /// The uid that `POST /predict` answered.
    uid: Option<Uuid>,
    /// What `POST /predict` answered.
    payload: Option<EmailPayload>,
    /// To whom; absent, whoever the config or the operator names.
    #[schema(max_items = 50)]
    recipients: Option<Vec<Recipient>>,
}

/// An email address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63}){0,3}$")]
pub(crate) struct Recipient(String);

impl TryFrom<String> for Recipient {
    type Error = String;

    fn try_from(address: String) -> Result<Self, String> {
        if looks_like_address(&address) {
            Ok(Self(address))
        } else {
            Err("expected an email address".to_owned())
        }
    }
}

/// A prediction, as `POST /predict` answered it; fields that an email does not show are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EmailPayload {
    /// Its uid; absent, the email gets one of its own.
    #[schema(pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
    uid: Option<Uuid>,
    /// The client.
    #[schema(max_length = 128)]
    client_id: Option<String>,
    /// Probability of churn, 0 to 1.
    #[schema(value_type = f64, minimum = 0, maximum = 1, required = true)]
    prediction: Option<f64>,
    /// Whether it reached the cutoff.
    high_risk: Option<HighRisk>,
    /// The client's lifetime value.
    ltv: Option<f64>,
    /// What the client got.
    treatment: Option<Treatment>,
    /// The bundle that answered.
    #[schema(max_length = 64)]
    model: Option<String>,
    /// The config version that was live.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    config_version: Option<u64>,
}

/// A whole number as JSON may write it: `7` or `7.0`, up to where a double is exact.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and in range"
)]
fn whole<'de, D: serde::Deserializer<'de>>(json: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(json)? else { return Ok(None) };
    if number.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&number) {
        return Ok(Some(number as u64));
    }
    Err(serde::de::Error::custom("expected a whole number from 0 to 9007199254740991"))
}

/// `yes` or `no`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HighRisk {
    Yes,
    No,
}

/// Where the job can be looked up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailAccepted {
    /// The job's id, for `GET /jobs/{id}`.
    job_id: Uuid,
}

#[utoipa::path(
    post, path = "/emails", tag = "emails", request_body = EmailRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeated calls under one key make one email; 1 to 255 visible ASCII characters.", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    responses(
        (status = 202, description = "the job is enqueued, or was before", body = EmailAccepted),
        (status = 400, description = "not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such prediction", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "held-out clients and trial calls are not emailed; or the key stands for another body", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "not application/json", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "fields at fault", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn enqueue(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let body = body::read(&request, payload, state.limits.body, &["application/json"]).await?;
    let key = IdempotencyKey::of(&request)?;
    let EmailRequest { uid, payload, recipients } = read(&body)?;
    let recipients = addresses(recipients)?;
    let mut job = match (uid, payload) {
        (Some(uid), None) => of_record(state.find(uid).await?, recipients)?,
        (None, Some(payload)) => of_payload(payload, recipients, &state)?,
        _ => return Err(Problem::field("uid", "expected either `uid` or `payload`")),
    };
    if let Some(key) = key {
        job.uid = claimed(key, &body, job.uid, &state).await?;
    }
    let job_id = job.uid;
    // The trace that asks for the email, rather than the one that predicted.
    job.trace = call(&request)?.trace.and_then(|trace| trace.named()).or(job.trace);
    state.emails.order(&[job]).await.map_err(refused)?;
    Ok(HttpResponse::Accepted().json(EmailAccepted { job_id }))
}

/// The job that answers this key: the first caller's, who asked for the same. The key is noted before the
/// email is ordered, and ordering is idempotent by the job's id, so that a call repeated after a crash in
/// between orders the same email.
async fn claimed(key: IdempotencyKey, body: &[u8], job_id: Uuid, state: &State) -> Result<Uuid, Problem> {
    let IdempotencyKey { caller, key } = key;
    let request = KeyedRequest { caller, key, fingerprint: fingerprint(body), job_id };
    let answer = state.keys.claim_key(&request, state.clock.now()).await?;
    if answer.fingerprint != request.fingerprint {
        let detail = "Idempotency-Key: this key stands for an earlier request with another body";
        return Err(Problem::conflict(detail));
    }
    Ok(answer.job_id)
}

fn refused(error: OutboxError) -> Problem {
    match error {
        OutboxError::Store(error) => error.into(),
        error @ OutboxError::Payload(_) => Problem::internal(&error),
    }
}

fn read(body: &[u8]) -> Result<EmailRequest, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let field = if path == "." { "body" } else { path.as_str() };
            return Problem::field(field, inner.to_string());
        }
        Problem::bad_request(format!("the body is not valid JSON: {inner}"))
    })
}

fn addresses(recipients: Option<Vec<Recipient>>) -> Result<Vec<String>, Problem> {
    let recipients: Vec<_> =
        recipients.unwrap_or_default().into_iter().map(|recipient| recipient.0).collect();
    if recipients.len() > MAX_RECIPIENTS {
        return Err(Problem::field("recipients", format!("expected at most {MAX_RECIPIENTS}")));
    }
    Ok(recipients)
}

fn of_record(mut record: LogRecord, recipients: Vec<String>) -> Result<SendPredictionEmail, Problem> {
    let before = record.email.take().unwrap_or(EmailOrder { recipients: Vec::new(), dedupe_key: None });
    record.email =
        Some(if recipients.is_empty() { before } else { EmailOrder { recipients, dedupe_key: None } });
    SendPredictionEmail::ordered_by(&record).ok_or_else(|| {
        Problem::conflict("this prediction is never emailed: its client is held out, or its call was a trial")
    })
}

fn at_most(field: &str, text: Option<&str>, chars: usize) -> Result<(), Problem> {
    match text.and_then(|text| text.chars().nth(chars)) {
        None => Ok(()),
        Some(_) => Err(Problem::field(field, format!("expected at most {chars} characters"))),
    }
}

fn of_payload(
    payload: EmailPayload,
    recipients: Vec<String>,
    state: &State,
) -> Result<SendPredictionEmail, Problem> {
    let treatment = payload.treatment.unwrap_or(Treatment::Model);
    if treatment == Treatment::Holdout {
        return Err(Problem::conflict("held-out clients are never emailed"));
    }
    let Some(prediction) = payload.prediction.filter(|prediction| (0.0..=1.0).contains(prediction)) else {
        return Err(Problem::field("payload.prediction", "expected a probability from 0 to 1"));
    };
    at_most("payload.client_id", payload.client_id.as_deref(), MAX_CLIENT_ID_CHARS)?;
    at_most("payload.model", payload.model.as_deref(), MAX_MODEL_CHARS)?;
    Ok(SendPredictionEmail {
        schema: PAYLOAD_SCHEMA,
        uid: payload.uid.unwrap_or_else(Uuid::now_v7),
        recipients,
        client_id: payload.client_id,
        prediction: Some(prediction),
        high_risk: payload.high_risk.map(|high| match high {
            HighRisk::Yes => "yes".to_owned(),
            HighRisk::No => "no".to_owned(),
        }),
        ltv: payload.ltv.unwrap_or(0.0),
        treatment,
        model: payload.model,
        config_version: payload.config_version.unwrap_or(0),
        environment: state.predictor.environment.clone(),
        answered_at: state.clock.now(),
        dedupe_key: None,
        trace: None,
    })
}
