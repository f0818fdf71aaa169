//! Looking one prediction up in the journal, for the moments before the log has it.

use bellwether_core::prediction::LogRecord;
use uuid::Uuid;

use super::{Entry, Journal, JournalError, Stored};

/// How far back a search goes: what was answered longer ago is in the log, or its sink is far behind.
const NEWEST: i64 = 10_000;

impl Journal {
    /// The record of a prediction among the newest 10,000 entries, if it is still here.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] where the entry cannot be read, [`JournalError::Io`].
    pub async fn find(&self, uid: Uuid) -> Result<Option<LogRecord>, JournalError> {
        let found = sqlx::query_as::<_, Stored>(
            "SELECT seq, record FROM entries WHERE seq > ? AND instr(record, ?) > 0 ORDER BY seq DESC LIMIT 1",
        );
        let newest = self.last().cast_signed() - NEWEST;
        let found =
            found.bind(newest).bind(format!("\"uid\":\"{uid}\"")).fetch_optional(&self.readers).await?;
        Ok(found.map(Entry::try_from).transpose()?.map(|entry| entry.record))
    }
}
