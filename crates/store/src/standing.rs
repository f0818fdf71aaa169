//! Where each client stands: the newest prediction that was made for the client's sake.
//!
//! The prediction log fills this with its records, in their transaction, and lets go of it with them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use bellwether_core::treatment::Treatment;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::StoreError;

/// A client's newest prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Whose it is.
    pub client_id: String,
    /// The prediction's uid.
    pub uid: Uuid,
    /// When it was answered, in UTC.
    pub at: DateTime<Utc>,
    /// What the client got.
    pub treatment: Treatment,
    /// The bundle that answered; none for the heuristic and the holdout.
    pub model: Option<String>,
    /// Probability of churn as it was answered, 0 to 1; none in a holdout.
    pub prediction: Option<f64>,
    /// Whether it reached the cutoff.
    pub high_risk: bool,
    /// The client's lifetime value then; 0 where unknown.
    pub ltv: f64,
    /// The config version that was live.
    pub config_version: u64,
}

impl Standing {
    /// Lifetime value at risk: prediction times lifetime value; 0 in a holdout.
    pub fn at_risk(&self) -> f64 {
        self.prediction.unwrap_or(0.0) * self.ltv
    }

    /// What a record makes of its client's standing: nothing where it names no client, or was no prediction for a
    /// client's sake.
    pub(crate) fn of(record: &LogRecord) -> Option<Self> {
        let client_id = record.client_id.clone()?;
        if !record.counts() {
            return None;
        }
        let answer = &record.output;
        Some(Self {
            client_id,
            uid: answer.uid,
            at: record.logging_timestamp,
            treatment: answer.treatment,
            model: answer.model.clone(),
            prediction: answer.prediction,
            high_risk: answer.high_risk.as_deref() == Some("yes"),
            ltv: answer.ltv,
            config_version: answer.config_version,
        })
    }

    /// The standings that records make, the newest of each client, by client id: in one order, so that those who write
    /// the same clients wait for one another instead of colliding.
    pub(crate) fn of_all<'r>(records: impl IntoIterator<Item = &'r LogRecord>) -> Vec<Self> {
        let mut newest: BTreeMap<String, Self> = BTreeMap::new();
        for standing in records.into_iter().filter_map(Self::of) {
            match newest.get(&standing.client_id) {
                Some(there) if there.uid >= standing.uid => {}
                _ => drop(newest.insert(standing.client_id.clone(), standing)),
            }
        }
        newest.into_values().collect()
    }

    /// What the list of those at risk is ordered by: none for those that are not on it.
    pub(crate) fn order(&self) -> Option<f64> {
        self.high_risk.then(|| self.at_risk())
    }
}

/// The table `client_standing`.
#[async_trait]
pub trait Standings: Send + Sync {
    /// Up to `limit` clients whose newest prediction is of high risk and not older than `since`, the largest lifetime
    /// value at risk first, and of those alike the greatest client id. Starts behind `after`: lifetime value at risk
    /// and id of the last client of the page before.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a row cannot be read.
    async fn flagged(
        &self,
        since: DateTime<Utc>,
        after: Option<(f64, &str)>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError>;

    /// Where one client stands.
    ///
    /// # Errors
    /// As [`Standings::flagged`].
    async fn standing_of(&self, client_id: &str) -> Result<Option<Standing>, StoreError>;
}
