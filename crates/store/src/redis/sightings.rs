//! Sightings in Redis: for each client a ring of counters in one key, read and written by one script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use redis::Script;

use super::errors::{store_error, timed_out};
use super::hot::{HotConnection, Unanswered};
use super::server::RedisServer;
use crate::{Sightings, StoreError};

/// A counter covers a twelfth of the window.
const SLOTS: i64 = 12;

/// Counts sightings for all replicas, in one round trip and constant work a call. No sighting within the window
/// is missed; one is forgotten up to a twelfth of the window late. A window that changes keeps what was
/// counted, to the same precision. A ring goes with its window.
///
/// Past the budget, and while Redis does not answer, the answer is `None`.
pub struct RedisSightings {
    server: RedisServer,
    hot: Arc<HotConnection>,
    script: Script,
}

impl RedisSightings {
    /// Connects to Redis, or goes on trying in the background where that fails once; takes a second at most.
    pub async fn open(server: RedisServer) -> Self {
        let hot = HotConnection::open(server.clone(), "sightings").await;
        Self { server, hot, script: Script::new(include_str!("sightings.lua")) }
    }

    fn key(&self, client_id: &str) -> String {
        format!("{}:seen:{client_id}", self.server.options().prefix)
    }
}

#[async_trait]
impl Sightings for RedisSightings {
    async fn see(&self, client_id: &str, window: Duration, now: DateTime<Utc>) -> Option<u64> {
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        // Rounded up, so that the ring never covers less than the window.
        let width = (window / SLOTS + i64::from(window % SLOTS != 0)).max(1);
        let slot = now.timestamp_micros().max(0) / width;
        let lifetime = (width / 1_000 + 1).saturating_mul(SLOTS + 1);
        let mut counting = self.script.key(self.key(client_id));
        counting.arg(SLOTS).arg(width).arg(slot).arg(lifetime);
        let counted = self.hot.call(async |connection| counting.invoke_async(connection).await).await;
        let outcome = match &counted {
            Ok(_) => "counted",
            Err(Unanswered::Late) => "late",
            Err(Unanswered::Skipped) => "skipped",
            Err(Unanswered::Failed(error)) => {
                tracing::debug!(%error, "a sighting was not counted");
                "failed"
            }
        };
        metrics::counter!("bellwether_sightings_total", "outcome" => outcome).increment(1);
        counted.ok()
    }

    async fn erase(&self, client_id: &str) -> Result<bool, StoreError> {
        let erasing = async {
            let mut connection = self.server.pooled().await?;
            redis::cmd("DEL").arg(self.key(client_id)).query_async(&mut connection).await
        };
        let erased = tokio::time::timeout(super::access::PATIENCE * 2, erasing).await;
        erased.unwrap_or_else(|_| Err(timed_out())).map_err(store_error)
    }
}
