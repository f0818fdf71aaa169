//! A proposal in production: the version that it became, and what is watched while it bakes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What became of a proposal in production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rollout {
    /// The version that it became.
    pub version: u64,
    /// The version to which a rollback returns: the last one before whose own rollout, if it had any, was done.
    pub previous: u64,
    /// Who promoted it.
    pub by: String,
    /// When, in UTC.
    pub at: DateTime<Utc>,
    /// How long it is watched once every replica has it, in seconds; none is not watched.
    pub bake_seconds: Option<u64>,
    /// What it may not exceed while it is watched.
    pub limits: Limits,
    /// When every replica had it, in UTC: it bakes from then on.
    pub synced_at: Option<DateTime<Utc>>,
    /// How it ended; none while it goes on.
    pub outcome: Option<Outcome>,
    /// When those concerned were told of a rollback by email, in UTC.
    pub told_at: Option<DateTime<Utc>>,
}

/// Bounds on what is seen while a version bakes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Answers that failed (5xx), in percent of all, 0 to 100.
    pub max_failed_percent: f64,
    /// 99th percentile of the time to an answer, in milliseconds.
    pub max_p99_ms: f64,
    /// Clients' predictions of high risk, in percent of predictions, 0 to 100.
    pub min_high_risk_percent: f64,
    /// The same, from above.
    pub max_high_risk_percent: f64,
    /// Answers without a prediction, in percent of all, 0 to 100: holdouts are such.
    pub max_without_prediction_percent: f64,
    /// How long a replica may be unheard of, in seconds.
    pub max_silence_seconds: u64,
    /// Shares and times are judged from so many answers on.
    pub min_answers: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_failed_percent: 1.0,
            max_p99_ms: 500.0,
            min_high_risk_percent: 0.0,
            max_high_risk_percent: 100.0,
            max_without_prediction_percent: 100.0,
            max_silence_seconds: 60,
            min_answers: 100,
        }
    }
}

impl Rollout {
    /// By what a rollout that is done was found good, in a sentence; none of another.
    pub fn judgement(&self) -> Option<String> {
        let Some(Outcome::Done { answers, judged, .. }) = self.outcome else { return None };
        let least = self.limits.min_answers;
        Some(match (self.bake_seconds, judged) {
            (None, _) => "It was not watched.".to_owned(),
            (Some(_), true) => format!("It was judged by {answers} answers."),
            (Some(_), false) => format!("Not judged: {answers} answers, and judging takes {}.", least.max(1)),
        })
    }
}

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// Every replica had it, and it baked within its limits.
    Done {
        /// When, in UTC.
        at: DateTime<Utc>,
        /// How many answers it gave until then, as far as its replicas told.
        #[serde(default)]
        answers: u64,
        /// Whether these were enough to judge its limits by; never, where it was not watched.
        #[serde(default)]
        judged: bool,
    },
    /// It exceeded a limit and was rolled back.
    RolledBack {
        /// When, in UTC.
        at: DateTime<Utc>,
        /// The new version that holds the previous document.
        version: u64,
        /// Which limits were exceeded, one sentence each.
        reasons: Vec<String>,
    },
    /// Another version was promoted before it was done.
    Overtaken {
        /// When that was seen, in UTC.
        at: DateTime<Utc>,
        /// By which version.
        version: u64,
    },
}
