//! The journal: the local, durable list of what was answered and has still to reach the database, the
//! archive and the queue.

use bellwether_core::prediction::LogRecord;

/// One journal entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in this journal, counting up from 1.
    pub seq: u64,
    /// What was appended.
    pub record: LogRecord,
    /// The same as the JSON text that was written.
    pub raw: String,
}
