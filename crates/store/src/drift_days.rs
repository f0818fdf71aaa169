//! What drift was found on a day: one document for each environment, model and day.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};

use crate::StoreError;

/// How a model's inputs and scores of one day compare with what it was trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftDay {
    /// The environment that answered.
    pub environment: String,
    /// The bundle's uid.
    pub model: String,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// How many predictions were compared.
    pub rows: u64,
    /// What was found, as JSON that its writer can read again.
    pub document: String,
    /// When it was computed, in UTC.
    pub computed_at: DateTime<Utc>,
}

/// The table `drift_days`.
#[async_trait]
pub trait DriftDays: Send + Sync {
    /// Keeps a day, in place of what was computed before of the same environment, model and day; what was computed
    /// later stays.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where it can never be stored.
    async fn keep_drift_day(&self, day: &DriftDay) -> Result<(), StoreError>;

    /// A model's days from `from` up to and including `to`, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn drift_days(
        &self,
        environment: &str,
        model: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<DriftDay>, StoreError>;
}
