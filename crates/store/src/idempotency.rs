//! What callers asked for under an `Idempotency-Key`: the same key is answered the same.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::StoreError;

/// A request under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Who asks: keys of different callers are different keys.
    pub caller: String,
    /// The key, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of what is asked for, in hex: another body under the same key is a mistake.
    pub fingerprint: String,
    /// The job that answers it, if nobody asked before.
    pub job_id: Uuid,
}

/// What is known of a key once a request has claimed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedAnswer {
    /// What was asked for first.
    pub fingerprint: String,
    /// The job that answers everyone who asks.
    pub job_id: Uuid,
}

/// The table `idempotency_keys`.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Notes a request under its key, unless one is there, and answers whichever is. Of concurrent claims
    /// of one key all get the same answer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn claim_key(&self, request: &KeyedRequest, now: DateTime<Utc>) -> Result<KeyedAnswer, StoreError>;

    /// Forgets up to `limit` keys from before `before`; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn purge_keys(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}
