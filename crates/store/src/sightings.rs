//! How often a client was seen lately. An aid to the caller, never a reason to fail: an engine that
//! cannot tell in time says so and the answer goes out without.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;

/// Counts sightings of clients over a sliding window, in constant work a call.
#[async_trait]
pub trait Sightings: Send + Sync {
    /// Answers how often `client_id` was seen within `window` before `now`, and counts this sighting:
    /// a first call answers 0. `None` where it cannot be told in time. How exact the count is, the engine
    /// says.
    async fn see(&self, client_id: &str, window: Duration, now: DateTime<Utc>) -> Option<u64>;

    /// Forgets a client; answers whether there was anything to forget.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn erase(&self, client_id: &str) -> Result<bool, StoreError>;
}
