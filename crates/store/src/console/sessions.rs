//! The table `sessions`: who is logged in to the console, and from where. What a browser holds is a random
//! text; only its hash is kept.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;

/// One login.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256, in hex, of what the browser holds.
    pub id_hash: String,
    /// Whose.
    pub user: String,
    /// What the session's forms carry, so that no other site can send them.
    pub csrf: String,
    /// When it began, in UTC.
    pub created_at: DateTime<Utc>,
    /// When it was last used, in UTC.
    pub seen_at: DateTime<Utc>,
    /// When it ends whatever happens, in UTC.
    pub expires_at: DateTime<Utc>,
    /// The address it came from, as far as known.
    pub address: String,
    /// The browser, as it names itself; cut to 255 characters.
    pub agent: String,
}

/// Leaves secrets out.
impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Begins one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn open_session(&self, session: &Session) -> Result<(), StoreError>;

    /// The session of that hash, expired or not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn session(&self, id_hash: &str) -> Result<Option<Session>, StoreError>;

    /// Notes that it was used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn touch_session(&self, id_hash: &str, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Ends one; answers whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn close_session(&self, id_hash: &str) -> Result<bool, StoreError>;

    /// A person's sessions, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError>;

    /// Removes those that ended before `now`; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn drop_expired_sessions(&self, now: DateTime<Utc>) -> Result<u64, StoreError>;
}
