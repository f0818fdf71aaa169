//! What a replica answered since its config version went live there: counts and a histogram of latency, which
//! add up over replicas. Counting is the service's own.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Answers for clients' sakes since a version went live: to calls of `POST /predict` and to rows of
/// `POST /predict/batch`, calls marked with a purpose left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// The config version that answered.
    pub version: u64,
    /// Since when it is live there.
    pub since: DateTime<Utc>,
    /// Predictions answered, holdouts included.
    pub answered: u64,
    /// Answers of the prediction routes with a status of 5xx, those to too many requests at once included; a
    /// batch that failed as a whole is one.
    pub failed: u64,
    /// Of those answered, the ones of high risk.
    pub high_risk: u64,
    /// Of those answered, the ones without a prediction: holdouts.
    pub without_prediction: u64,
    /// How many answers to `POST /predict` took how long: a count for each of [`Traffic::BOUNDS_MS`], and a last
    /// one for those that took longer. A row of a batch has no time of its own, and is not among them.
    pub latency: Vec<u64>,
}

impl Traffic {
    /// Upper bounds, inclusive, of all buckets of `latency` but the last, in milliseconds: each some 1.4 times the
    /// one before.
    pub const BOUNDS_MS: [f64; 32] = [
        0.25, 0.35, 0.5, 0.7, 0.98, 1.4, 1.9, 2.7, 3.9, 5.4, 7.6, 11.0, 15.0, 21.0, 30.0, 42.0, 59.0, 83.0,
        120.0, 170.0, 230.0, 330.0, 460.0, 650.0, 910.0, 1_300.0, 1_800.0, 2_500.0, 3_600.0, 5_000.0,
        7_100.0, 10_000.0,
    ];

    /// How many buckets `latency` has.
    pub const BUCKETS: usize = Self::BOUNDS_MS.len() + 1;

    /// Nothing yet.
    pub fn begun(version: u64, since: DateTime<Utc>) -> Self {
        let latency = vec![0; Self::BUCKETS];
        Self { version, since, answered: 0, failed: 0, high_risk: 0, without_prediction: 0, latency }
    }

    /// The bucket of an answer that took this long: 0 to [`Traffic::BUCKETS`] - 1.
    pub fn bucket(took: Duration) -> usize {
        let milliseconds = took.as_secs_f64() * 1_000.0;
        Self::BOUNDS_MS.partition_point(|bound| *bound < milliseconds)
    }

    /// The latency in milliseconds that 99 of 100 answers to `POST /predict` did not exceed; as
    /// [`Traffic::quantile_ms`].
    pub fn p99_ms(&self) -> Option<f64> {
        self.quantile_ms(0.99)
    }

    /// The latency in milliseconds that a share of the answers, 0 to 1, did not exceed; none while there are none.
    /// Within a bucket answers are taken to lie evenly, so it is off by a bucket's width at most; 10,000 means
    /// that or more.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let total = self.latency.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        if total == 0 {
            return None;
        }
        let wanted = share.clamp(0.0, 1.0) * total as f64;
        let (mut below, mut lower) = (0.0, 0.0);
        for (count, upper) in self.latency.iter().zip(Self::BOUNDS_MS) {
            let count = *count as f64;
            if count > 0.0 && below + count >= wanted {
                return Some(lower + (upper - lower) * ((wanted - below) / count).clamp(0.0, 1.0));
            }
            (below, lower) = (below + count, upper);
        }
        Some(lower)
    }

    /// What was answered since `earlier`, which the same replicas told of the same version.
    #[must_use]
    pub fn minus(&self, earlier: &Self) -> Self {
        let before = |bucket: usize| earlier.latency.get(bucket).copied().unwrap_or(0);
        let latency = self.latency.iter().enumerate();
        Self {
            version: self.version,
            since: self.since,
            answered: self.answered.saturating_sub(earlier.answered),
            failed: self.failed.saturating_sub(earlier.failed),
            high_risk: self.high_risk.saturating_sub(earlier.high_risk),
            without_prediction: self.without_prediction.saturating_sub(earlier.without_prediction),
            latency: latency.map(|(at, count)| count.saturating_sub(before(at))).collect(),
        }
    }

    /// This and what another replica answered with the same version, together: since the earlier of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let buckets = self.latency.len().max(other.latency.len());
        let of = |traffic: &Self, bucket: usize| traffic.latency.get(bucket).copied().unwrap_or(0);
        Self {
            version: self.version,
            since: self.since.min(other.since),
            answered: self.answered.saturating_add(other.answered),
            failed: self.failed.saturating_add(other.failed),
            high_risk: self.high_risk.saturating_add(other.high_risk),
            without_prediction: self.without_prediction.saturating_add(other.without_prediction),
            latency: (0..buckets).map(|at| of(self, at).saturating_add(of(other, at))).collect(),
        }
    }
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
