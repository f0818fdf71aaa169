//! The table `login_failures`: how often logins failed in a row, by whatever they are counted by. What follows
//! from it is decided elsewhere.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;

/// Failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginFailures {
    /// How many.
    pub count: u32,
    /// When the last was, in UTC.
    pub last_at: DateTime<Utc>,
}

/// Counts failed logins.
#[async_trait]
pub trait LoginGuard: Send + Sync {
    /// What was counted under a key: 1 to 255 characters.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn login_failures(&self, key: &str) -> Result<Option<LoginFailures>, StoreError>;

    /// Counts one more, atomically; answers the count with it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn count_login_failure(&self, key: &str, at: DateTime<Utc>) -> Result<LoginFailures, StoreError>;

    /// Begins anew.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn clear_login_failures(&self, key: &str) -> Result<(), StoreError>;

    /// Forgets keys whose last failure was before `before`; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn drop_login_failures(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;
}
