//! The table `proposals`, read; written by [`super::Ledger::commit`] alone.

use async_trait::async_trait;
use bellwether_core::change::Proposal;

use crate::StoreError;

/// Proposals.
#[async_trait]
pub trait Proposals: Send + Sync {
    /// One proposal.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the row cannot be read.
    async fn proposal(&self, id: u64) -> Result<Option<Proposal>, StoreError>;

    /// Up to `limit` proposals before `before` (all, where none is given), newest first.
    ///
    /// # Errors
    /// As [`Proposals::proposal`].
    async fn proposals(&self, before: Option<u64>, limit: u32) -> Result<Vec<Proposal>, StoreError>;

    /// Every proposal of which something goes on by itself, oldest first. One that cannot be read is left out, so that
    /// it keeps nobody from the others; the log and `bellwether_unreadable_rows_total` tell of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn under_way(&self) -> Result<Vec<Proposal>, StoreError>;

    /// The newest proposal whose document has this SHA-256 (hex) and that passed its trial.
    ///
    /// # Errors
    /// As [`Proposals::proposal`].
    async fn passed(&self, sha256: &str) -> Result<Option<Proposal>, StoreError>;
}
