//! The prediction log: every prediction once by its uid, and the relay's sink that fills it.

use std::sync::Arc;

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use uuid::Uuid;

use crate::StoreError;

/// The table `model_logs`. Newest first means by uid: UUIDv7 orders by time.
#[async_trait]
pub trait PredictionLog: Send + Sync {
    /// Inserts those records whose uid is not there yet, all in one transaction; answers how many were new.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where a record can never be stored; nothing is stored then.
    async fn insert(&self, records: &[LogRecord]) -> Result<u64, StoreError>;

    /// One prediction, equal to what was inserted.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the row cannot be read.
    async fn find(&self, uid: Uuid) -> Result<Option<LogRecord>, StoreError>;

    /// Up to `limit` predictions, newest first.
    ///
    /// # Errors
    /// As [`PredictionLog::find`].
    async fn recent(&self, limit: u32) -> Result<Vec<LogRecord>, StoreError>;

    /// Up to `limit` predictions of one client, newest first.
    ///
    /// # Errors
    /// As [`PredictionLog::find`].
    async fn of_client(&self, client_id: &str, limit: u32) -> Result<Vec<LogRecord>, StoreError>;

    /// How many predictions the log holds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn count(&self) -> Result<u64, StoreError>;
}

/// Delivers journal entries to the prediction log.
pub struct DatabaseSink {
    #[expect(dead_code, reason = "the relay comes next")]
    log: Arc<dyn PredictionLog>,
}

impl DatabaseSink {
    /// A sink that fills `log`.
    pub fn new(log: Arc<dyn PredictionLog>) -> Self {
        Self { log }
    }
}
