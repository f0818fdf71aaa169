//! How the journal fails.

use std::path::PathBuf;
use std::sync::Arc;

/// A failure of the journal. After any of them from an append the caller must not promise the record.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// As many bytes are kept as the options or the disk allow.
    #[error("the journal is full: {0}")]
    Full(&'static str),
    /// As many appends are waiting as the options allow.
    #[error("too many appends to the journal are waiting")]
    Busy,
    /// The journal is closing or closed.
    #[error("the journal is closed")]
    Closed,
    /// Another process, or another handle of this one, has the journal open.
    #[error("the journal {path} is in use by {holder}: each process needs a journal of its own")]
    InUse {
        /// The journal's file.
        path: PathBuf,
        /// Who has it, as far as is known.
        holder: String,
    },
    /// Folder or file cannot be created or written.
    #[error("the journal {path} cannot be opened for writing")]
    Unwritable {
        /// The journal's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// There is no such file, or it may not be read.
    #[error("the journal {path} cannot be read")]
    Unreadable {
        /// The journal's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The file is no journal, or not a whole one.
    #[error("{path} is no whole journal: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why, without client data.
        reason: String,
    },
    /// A newer build wrote the file.
    #[error("the journal {path} has format {found}; this build reads up to {known}")]
    TooNew {
        /// The journal's file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format this build reads.
        known: u32,
    },
    /// An entry cannot be read back.
    #[error("journal entry {seq} cannot be read: {reason}")]
    Corrupt {
        /// The entry.
        seq: u64,
        /// Why, without client data.
        reason: String,
    },
    /// The record cannot be written as JSON.
    #[error("the record cannot be written as JSON")]
    Unserialisable(#[source] Arc<serde_json::Error>),
    /// Reading or writing the file failed.
    #[error("the journal's file fails")]
    Io(#[source] Arc<sqlx::Error>),
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        let full = error
            .as_database_error()
            .is_some_and(|database| crate::sqlite::primary_code(database) == Some(SQLITE_FULL));
        if full { Self::Full("its room on disk is used up") } else { Self::Io(Arc::new(error)) }
    }
}

const SQLITE_FULL: u32 = 13;
