//! A trial in staging and its report, which is stored with the version that it lets through.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One attempt to let a document through staging.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Trial {
    /// Who asked for it.
    pub by: String,
    /// When, in UTC.
    pub begun_at: DateTime<Utc>,
    /// The version that it became in staging; none before it was written there.
    pub stage_version: Option<u64>,
    /// The outcome; none while it goes on.
    pub report: Option<TrialReport>,
}

/// What a trial found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrialReport {
    /// SHA-256 of the document that was tried, in hex.
    pub sha256: String,
    /// The version that it was in staging; none where it could not even be written there.
    pub stage_version: Option<u64>,
    /// The bundles that staging had loaded for it: SHA-256 by uid, of those the document names. Production
    /// must report the same.
    pub bundles: BTreeMap<String, String>,
    /// When the trial began, in UTC.
    pub begun_at: DateTime<Utc>,
    /// When it ended, in UTC.
    pub ended_at: DateTime<Utc>,
    /// Whether every check passed.
    pub passed: bool,
    /// Every check, in the order they ran. One that could not run did not pass.
    pub checks: Vec<Check>,
    /// What production's recent inputs say about it; none where there were none, or it could not run.
    pub replay: Option<Replay>,
}

/// What is checked in staging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// Every stage replica acknowledged the version.
    Replicas,
    /// Each bundle's parity rows and the named payloads get the answers they should.
    Golden,
    /// `high_risk` agrees with the cutoff in every answer.
    Cutoff,
    /// The treatments and arms get their shares of 1,000,000 ids.
    Shares,
    /// A live request for every treatment and arm is answered by it.
    Treatments,
    /// Recent inputs of production are answered without errors, in time, and flip no more than allowed.
    Replay,
}

/// One check's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Check {
    /// Which.
    pub name: CheckName,
    /// Whether it passed.
    pub passed: bool,
    /// What was done and found, in one sentence with its figures.
    pub summary: String,
    /// What is wrong, one sentence each; bounded. Empty where it passed.
    pub findings: Vec<String>,
}

/// Recent inputs of production, answered by the live production config and by the document tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Replay {
    /// The production version that it is compared with.
    pub current_version: u64,
    /// How many inputs were sent to both.
    pub inputs: u64,
    /// Of how many clients; an input without a client id counts as one.
    pub clients: u64,
    /// Inputs that were not answered by one of the two.
    pub errors: u64,
    /// Clients whose `high_risk` changes.
    pub flipped_to_yes: u64,
    /// Clients whose `high_risk` changes.
    pub flipped_to_no: u64,
    /// Clients of high risk now, 0 to 1 of those who get a prediction.
    pub high_risk_before: f64,
    /// Clients of high risk under the document tried, 0 to 1.
    pub high_risk_after: f64,
    /// Predictions now.
    pub before: Histogram,
    /// Predictions under the document tried.
    pub after: Histogram,
    /// Median time to an answer of staging, in milliseconds, seen from the console.
    pub latency_p50_ms: f64,
    /// 99th percentile of the same.
    pub latency_p99_ms: f64,
}

impl Replay {
    /// Share of clients whose `high_risk` changes, 0 to 1.
    pub fn flipped(&self) -> f64 {
        let flipped = self.flipped_to_yes + self.flipped_to_no;
        if self.clients == 0 { 0.0 } else { flipped as f64 / self.clients as f64 }
    }
}

/// How probabilities are distributed: counts in 20 bins of equal width from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Histogram {
    /// Counts, lowest bin first.
    pub counts: Vec<u64>,
    /// The mean; 0 where there is none.
    pub mean: f64,
}

impl Histogram {
    /// How many bins there are.
    pub const BINS: usize = 20;

    /// Of these probabilities, each 0 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the bins there are"
    )]
    pub fn of(probabilities: &[f64]) -> Self {
        let mut counts = vec![0; Self::BINS];
        for probability in probabilities {
            let bin = (probability.clamp(0.0, 1.0) * Self::BINS as f64) as usize;
            counts[bin.min(Self::BINS - 1)] += 1;
        }
        let count = probabilities.len().max(1) as f64;
        Self { counts, mean: probabilities.iter().sum::<f64>() / count }
    }
}
