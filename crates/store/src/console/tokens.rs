//! The table `console_tokens`: what pipelines call the console's API with. Only hashes are kept.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{Role, StoreError};

/// One token.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsoleToken {
    /// Names it; part of the token itself.
    pub id: String,
    /// SHA-256, in hex, of the whole token.
    pub hash: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is; it may never do more than they may.
    pub owner: String,
    /// What it may do at most.
    pub role: Role,
    /// When it was made, in UTC.
    pub created_at: DateTime<Utc>,
    /// When it ends, in UTC.
    pub expires_at: DateTime<Utc>,
    /// When it was ended before that, in UTC.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, in UTC, to the minute or so.
    pub used_at: Option<DateTime<Utc>>,
}

/// Leaves the hash out.
impl std::fmt::Debug for ConsoleToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = formatter.debug_struct("ConsoleToken");
        told.field("id", &self.id)
            .field("owner", &self.owner)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Tokens, read; added and revoked by [`super::Ledger::commit`] alone.
#[async_trait]
pub trait ConsoleTokens: Send + Sync {
    /// One token, whatever its state.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn token(&self, id: &str) -> Result<Option<ConsoleToken>, StoreError>;

    /// Every token, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn tokens(&self) -> Result<Vec<ConsoleToken>, StoreError>;

    /// Notes that it was used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn touch_token(&self, id: &str, at: DateTime<Utc>) -> Result<(), StoreError>;
}
