//! What is answered and what is logged, as they are written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::treatment::Treatment;

/// The record format this build writes; it reads this one and the one before.
pub const RECORD_SCHEMA: u32 = 1;

/// The body of a 200 from `POST /predict`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answer {
    /// Names this prediction everywhere: a UUIDv7, so that it orders by time.
    pub uid: Uuid,
    /// Probability of churn, 0 to 1, to four decimals; null in a holdout.
    pub prediction: Option<f64>,
    /// `yes` where the unrounded probability reaches the cutoff, else `no`; null in a holdout.
    #[schema(value_type = Option<String>)]
    pub high_risk: Option<Cow<'static, str>>,
    /// The client's lifetime value; 0 where unknown.
    pub ltv: f64,
    /// How often this client was seen before within the config's window; null without a client id, or
    /// where it could not be told in time.
    pub recent_times_id_seen: Option<u64>,
    /// Seconds from the request's arrival to the answer.
    pub response_time: f64,
    /// What the client got.
    pub treatment: Treatment,
    /// The bundle that answered; null for the heuristic and the holdout.
    pub model: Option<String>,
    /// The config version that was live.
    pub config_version: u64,
    /// Inputs that were missing and were imputed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imputed: Vec<String>,
    /// Fields that no model knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// What a trial is told beside; absent for every other call, and never written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = TrialAnswer, nullable = false)]
    pub trial: Option<TrialAnswer>,
}

/// What a config change is judged by: how this answer came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrialAnswer {
    /// Unrounded probability of every arm and shadow, 0 to 1, by bundle uid; those that were cut off are
    /// left out.
    pub scores: BTreeMap<String, f64>,
    /// Which arms and shadows were cut off, by bundle uid: `late`, `panicked`, `failed` or `busy`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cut_off: BTreeMap<String, String>,
    /// What the heuristic said, 0.0001 to 0.9999.
    pub heuristic: f64,
    /// The bundle uid of the arm that answers, or would have had the treatment been `model`.
    pub arm: String,
    /// The probability answered, unrounded; null in a holdout.
    pub probability: Option<f64>,
    /// The cutoff that it was held against.
    pub proba_cutoff: f64,
    /// The replica that answered.
    pub replica: String,
}

/// Why a call is made, where it is not for a client's sake. Such calls never email and never count as
/// sightings; but for lookups they never enter an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A config change is tried; neither its inputs nor its clients are stored.
    Trial,
    /// The canary's regular call.
    Canary,
    /// A load test.
    Load,
    /// A person looked the client up on the model page. Seen by somebody who may act on it, so that it
    /// enters experiments. The header that marks calls does not take it.
    Lookup,
}

impl std::str::FromStr for Purpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "trial" => Ok(Self::Trial),
            "canary" => Ok(Self::Canary),
            "load" => Ok(Self::Load),
            _ => Err("expected `trial`, `canary` or `load`".to_owned()),
        }
    }
}

/// An email that this prediction causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailOrder {
    /// To whom; empty means the operator's recipients.
    pub recipients: Vec<String>,
    /// Of predictions with the same key only the first is emailed; none has no such bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe_key: Option<String>,
}

/// One prediction, whole: a line of the journal, an entry of the archive, a row of `model_logs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// The record's format.
    pub schema: u32,
    /// The environment that answered.
    pub environment: String,
    /// The replica that answered.
    pub replica: String,
    /// When it answered, in UTC.
    pub logging_timestamp: DateTime<Utc>,
    /// The client, if the request named one; none for a trial.
    pub client_id: Option<String>,
    /// Set where the call was not for a client's sake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The known inputs, as given; empty for a trial.
    pub input: Map<String, Value>,
    /// What was answered.
    pub output: Answer,
    /// Unrounded probability of every arm and shadow that scored, by bundle uid.
    pub scores: Map<String, Value>,
    /// Which arms and shadows did not, by bundle uid, and why: `late`, `panicked`, `failed` or `busy`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cut_off: BTreeMap<String, String>,
    /// What the heuristic said.
    pub heuristic: f64,
    /// The arm that would have answered had the treatment been `model`.
    pub arm: String,
    /// The email this prediction causes, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailOrder>,
    /// The trace that the call belongs to, as a W3C `traceparent`, if it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl LogRecord {
    /// The prediction's uid.
    pub fn uid(&self) -> Uuid {
        self.output.uid
    }

    /// Whether it enters experiments: it was made for a client's sake, or a person looked it up.
    pub fn counts(&self) -> bool {
        matches!(self.purpose, None | Some(Purpose::Lookup))
    }
}
