//! Entries that a sink can never take, set aside with the reason so that they block nothing and are not
//! lost.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, FromRow};

use super::{Journal, JournalError};

/// Room beyond the journal's bound, in pages, that only parking may use: a full journal must still be
/// able to set aside the entry that keeps it full.
const RESERVE_PAGES: u64 = 1024;

/// An entry that was set aside.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Parked {
    /// The sink that could not take it.
    pub sink: String,
    /// The entry's place in the journal.
    pub seq: u64,
    /// Why it could not be taken.
    pub reason: String,
    /// When it was set aside, in UTC.
    pub parked_at: DateTime<Utc>,
    /// The record's JSON text. Client data: not for logs.
    #[sqlx(rename = "record")]
    pub raw: String,
}

impl Journal {
    /// Sets an entry aside for one sink; a second time changes nothing.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn park(
        &self,
        sink: &str,
        seq: u64,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), JournalError> {
        let mut writer = self.shared.writer.lock().await;
        let connection = writer.as_mut().ok_or(JournalError::Closed)?;
        let max_pages = self.shared.max_pages;
        bound(&mut *connection, max_pages + RESERVE_PAGES).await?;
        let parked = sqlx::query(
            "INSERT INTO parked (sink, seq, reason, parked_at, record)
             SELECT ?, seq, ?, ?, record FROM entries WHERE seq = ?
             ON CONFLICT (sink, seq) DO NOTHING",
        )
        .bind(sink)
        .bind(reason)
        .bind(now)
        .bind(seq.cast_signed())
        .execute(&mut *connection)
        .await;
        bound(connection, max_pages).await?;
        parked?;
        Ok(())
    }

    /// Up to `limit` entries that were set aside, by sink and place.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn parked(&self, limit: u32) -> Result<Vec<Parked>, JournalError> {
        let rows = sqlx::query_as(
            "SELECT sink, seq, reason, parked_at, record FROM parked ORDER BY sink, seq LIMIT ?",
        );
        Ok(rows.bind(limit).fetch_all(&self.readers).await?)
    }

    /// Drops an entry that was set aside, once somebody has dealt with it; answers if it was there.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn unpark(&self, sink: &str, seq: u64) -> Result<bool, JournalError> {
        let mut writer = self.shared.writer.lock().await;
        let connection = writer.as_mut().ok_or(JournalError::Closed)?;
        let deleted = sqlx::query("DELETE FROM parked WHERE sink = ? AND seq = ?")
            .bind(sink)
            .bind(seq.cast_signed())
            .execute(connection)
            .await?
            .rows_affected();
        Ok(deleted > 0)
    }
}

/// A pragma takes no bound value; this one is a number.
async fn bound(connection: &mut sqlx::SqliteConnection, pages: u64) -> Result<(), JournalError> {
    let pragma = format!("PRAGMA max_page_count = {pages}");
    sqlx::query(AssertSqlSafe(pragma)).persistent(false).execute(connection).await?;
    Ok(())
}
