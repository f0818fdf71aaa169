//! How far each sink has come, and the trimming of what all of them have passed.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};

use super::{Journal, JournalError};

/// Entries deleted under one hold of the writer: appends wait for no more than that.
const TRIM_CHUNK: u64 = 250;
/// What a change of a cursor adds to the write-ahead log.
const CURSOR_BYTES: usize = 2 * 4096;

/// Where a sink stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// Everything up to here was delivered, or set aside.
    pub(crate) seq: u64,
    /// The end of a batch that was begun and has to be repeated with the same entries.
    pub(crate) planned: Option<u64>,
}

impl Journal {
    /// Makes a sink's cursor count: from now on an entry is kept until this sink has passed it. Cursors
    /// of sinks that are not registered hold nothing back. Answers the cursor.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn register(&self, sink: &str) -> Result<u64, JournalError> {
        let mut writer = self.shared.writer.lock().await;
        let connection = writer.as_mut().ok_or(JournalError::Closed)?;
        sqlx::query("INSERT INTO cursors (sink, seq) VALUES (?, 0) ON CONFLICT (sink) DO NOTHING")
            .bind(sink)
            .execute(&mut *connection)
            .await?;
        let (seq, planned) = sqlx::query_as("SELECT seq, planned FROM cursors WHERE sink = ?")
            .bind(sink)
            .fetch_one(connection)
            .await?;
        self.positions(|positions| positions.insert(sink.to_owned(), Position { seq, planned }));
        Ok(seq)
    }

    /// The last entry a sink has passed; 0 before the first and for a sink nobody knows.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn cursor(&self, sink: &str) -> Result<u64, JournalError> {
        if let Some(position) = self.position(sink) {
            return Ok(position.seq);
        }
        let seq: Option<u64> = sqlx::query_scalar("SELECT seq FROM cursors WHERE sink = ?")
            .bind(sink)
            .fetch_optional(&self.readers)
            .await?;
        Ok(seq.unwrap_or(0))
    }

    /// Records that a sink has passed `seq`. A cursor never goes back.
    ///
    /// # Errors
    /// [`JournalError::Io`]; then the sink will see those entries again.
    pub async fn advance(&self, sink: &str, seq: u64) -> Result<(), JournalError> {
        let change = sqlx::query(
            "INSERT INTO cursors (sink, seq) VALUES (?, ?)
             ON CONFLICT (sink) DO UPDATE SET seq = max(seq, excluded.seq), planned = NULL",
        );
        self.change(change.bind(sink).bind(seq.cast_signed())).await?;
        self.positions(|positions| {
            if let Some(position) = positions.get_mut(sink) {
                position.seq = position.seq.max(seq);
                position.planned = None;
            }
        });
        Ok(())
    }

    /// Fixes the end of a batch before it is begun, so that a repetition consists of the same entries.
    pub(crate) async fn plan(&self, sink: &str, last: u64) -> Result<(), JournalError> {
        let change = sqlx::query("UPDATE cursors SET planned = ? WHERE sink = ?");
        self.change(change.bind(last.cast_signed()).bind(sink)).await?;
        self.positions(|positions| {
            if let Some(position) = positions.get_mut(sink) {
                position.planned = Some(last);
            }
        });
        Ok(())
    }

    /// Where a registered sink stands.
    pub(crate) fn position(&self, sink: &str) -> Option<Position> {
        self.positions(|positions| positions.get(sink).copied())
    }

    /// How many entries a registered sink has still to pass; 0 for others.
    pub fn depth(&self, sink: &str) -> u64 {
        let Some(position) = self.position(sink) else {
            return 0;
        };
        let gone = position.seq.max(self.shared.trimmed.load(Ordering::Acquire));
        self.last().saturating_sub(gone)
    }

    /// The time of the oldest entry a sink has still to pass.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn oldest(&self, sink: &str) -> Result<Option<DateTime<Utc>>, JournalError> {
        let cursor = self.cursor(sink).await?;
        self.oldest_after(cursor).await
    }

    /// The time of the oldest entry that some registered sink has still to pass; none where each has passed all.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn oldest_of_all(&self) -> Result<Option<DateTime<Utc>>, JournalError> {
        match self.positions(|positions| positions.values().map(|at| at.seq).min()) {
            Some(passed) if passed < self.last() => self.oldest_after(passed).await,
            _ => Ok(None),
        }
    }

    async fn oldest_after(&self, cursor: u64) -> Result<Option<DateTime<Utc>>, JournalError> {
        let at: Option<i64> = sqlx::query_scalar("SELECT at FROM entries WHERE seq > ? ORDER BY seq LIMIT 1")
            .bind(cursor.cast_signed())
            .fetch_optional(&self.readers)
            .await?;
        Ok(at.and_then(DateTime::from_timestamp_millis))
    }

    /// Deletes the entries that every registered sink has passed, none if none is registered; answers
    /// how many. The file keeps its size and uses the room again.
    ///
    /// # Errors
    /// [`JournalError::Io`]; what was deleted before stays deleted.
    pub async fn trim(&self) -> Result<u64, JournalError> {
        let mut deleted = 0;
        loop {
            let mut writer = self.shared.writer.lock().await;
            let connection = writer.as_mut().ok_or(JournalError::Closed)?;
            let trimmed = self.shared.trimmed.load(Ordering::Acquire);
            let passed = self.positions(|positions| positions.values().map(|at| at.seq).min());
            let end = passed.unwrap_or(0).min(self.last()).min(trimmed + TRIM_CHUNK);
            if end <= trimmed {
                return Ok(deleted);
            }
            deleted += sqlx::query("DELETE FROM entries WHERE seq <= ?")
                .bind(end.cast_signed())
                .execute(connection)
                .await?
                .rows_affected();
            self.shared.trimmed.store(end, Ordering::Release);
            drop(writer);
            self.shared.grown_by(CURSOR_BYTES * 8);
        }
    }

    async fn change(
        &self,
        change: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<(), JournalError> {
        let mut writer = self.shared.writer.lock().await;
        let connection = writer.as_mut().ok_or(JournalError::Closed)?;
        change.execute(connection).await?;
        drop(writer);
        self.shared.grown_by(CURSOR_BYTES);
        Ok(())
    }

    fn positions<T>(&self, with: impl FnOnce(&mut BTreeMap<String, Position>) -> T) -> T {
        // A map of plain numbers is whole even if a holder panicked.
        let mut positions = self.shared.positions.lock().unwrap_or_else(PoisonError::into_inner);
        with(&mut positions)
    }
}
