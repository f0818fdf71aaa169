//! The prediction log: every prediction once by its uid, and the relay's sink that fills it.

use std::sync::Arc;

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::StoreError;
use crate::journal::Entry;
use crate::relay::{Sink, SinkError};

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

    /// Up to `limit` predictions before the one with the uid `before`, newest first: the page that follows one
    /// of [`PredictionLog::recent`].
    ///
    /// # Errors
    /// As [`PredictionLog::find`].
    async fn recent_before(&self, before: Uuid, limit: u32) -> Result<Vec<LogRecord>, StoreError>;

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

    /// The time of the oldest prediction in the log; none where it is empty.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn oldest(&self) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Up to `limit` predictions answered from `from` to before `to`, oldest first, those after the uid
    /// `after` only. By uid: what was answered within a millisecond stays together.
    ///
    /// # Errors
    /// As [`PredictionLog::find`].
    async fn between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<LogRecord>, StoreError>;

    /// Drops every prediction answered before `before`, which is the beginning of a day (UTC); answers how
    /// many they were, as far as the engine can tell without counting them one by one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn drop_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Forgets a client's predictions; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn erase_predictions(&self, client_id: &str) -> Result<u64, StoreError>;
}

/// The least UUIDv7 of a moment, to the millisecond: by it the log is cut in time.
pub(crate) fn first_uid_at(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(u128::from(milliseconds & 0xffff_ffff_ffff) << 80)
}

/// The name of [`DatabaseSink`]'s cursor in a journal.
pub const DATABASE_SINK: &str = "database";

/// Delivers journal entries to the prediction log.
pub struct DatabaseSink {
    log: Arc<dyn PredictionLog>,
}

impl DatabaseSink {
    /// A sink that fills `log`.
    pub fn new(log: Arc<dyn PredictionLog>) -> Self {
        Self { log }
    }

    /// Finds an entry the log refuses, by halves; `None` if none of them is refused now.
    async fn refused(&self, entries: &[Entry], records: &[LogRecord]) -> Result<Option<u64>, StoreError> {
        let (mut from, mut to) = (0, records.len());
        while to - from > 1 {
            let middle = from.midpoint(to);
            match self.log.insert(&records[from..middle]).await {
                Ok(_) => from = middle,
                Err(StoreError::Refused(_)) => to = middle,
                Err(error) => return Err(error),
            }
        }
        match self.log.insert(&records[from..to]).await {
            Ok(_) => Ok(None),
            Err(StoreError::Refused(_)) => Ok(Some(entries[from].seq)),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Sink for DatabaseSink {
    fn name(&self) -> &'static str {
        DATABASE_SINK
    }

    async fn deliver(&self, entries: &[Entry]) -> Result<(), SinkError> {
        let records: Vec<LogRecord> = entries.iter().map(|entry| entry.record.clone()).collect();
        let later = |error: StoreError| SinkError::Later(reason(&error));
        match self.log.insert(&records).await {
            Ok(_) => Ok(()),
            Err(StoreError::Refused(_)) => match self.refused(entries, &records).await.map_err(later)? {
                Some(seq) => Err(SinkError::Poison {
                    seq,
                    // The engine's own words may quote the row.
                    reason: "the prediction log refuses it".to_owned(),
                }),
                None => Err(SinkError::Later("a refused batch was taken in parts".to_owned())),
            },
            // A missing table is no record's fault: only what is refused is set aside.
            Err(error) => Err(later(error)),
        }
    }
}

/// An error and its causes in one line.
fn reason(error: &StoreError) -> String {
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}
