//! What takes journal entries, and how it may refuse them.

use std::time::Duration;

use async_trait::async_trait;

use crate::journal::Entry;

/// Why a batch was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The sink is away or busy: the whole batch is tried again later.
    #[error("{0}")]
    Later(String),
    /// One entry can never be delivered: it is set aside with the reason, the rest is tried again at once.
    #[error("entry {seq} cannot be delivered: {reason}")]
    Poison {
        /// The entry.
        seq: u64,
        /// Why, without client data.
        reason: String,
    },
}

/// How a sink likes its batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// The most entries of one batch; at least 1.
    pub limit: usize,
    /// How long a batch that is not full waits for more; zero sends what is there. Even a little keeps a
    /// busy journal from being read, and its cursors from being written, once for every record.
    pub linger: Duration,
    /// Whether a batch that was begun is repeated with the same entries, even after a crash.
    pub fixed: bool,
}

impl Default for Batching {
    fn default() -> Self {
        Self { limit: 500, linger: Duration::from_millis(20), fixed: false }
    }
}

/// Takes journal entries. An entry may come more than once, so delivery has to be idempotent by uid.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Names the sink's cursor: never changes between starts.
    fn name(&self) -> &'static str;

    /// Delivers a batch, in journal order and never empty: all of it, or an error.
    ///
    /// # Errors
    /// [`SinkError`], which says whether the batch or one entry is at fault.
    async fn deliver(&self, entries: &[Entry]) -> Result<(), SinkError>;

    /// How the sink likes its batches.
    fn batching(&self) -> Batching {
        Batching::default()
    }
}
