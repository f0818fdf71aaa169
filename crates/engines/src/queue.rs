//! The queue that the settings name.

use std::sync::Arc;

use anyhow::Context as _;
use bellwether_jobs::JobQueue;
use bellwether_jobs::redis::RedisQueue;
use bellwether_jobs::sqlite::SqliteQueue;
use bellwether_settings::Settings;
use bellwether_store::SystemClock;
use bellwether_store::redis::RedisServer;

/// Opens the queue: in Redis where there is one, else the embedded one in `queue.path`.
///
/// # Errors
/// Naming the setting at fault.
pub async fn queue(settings: &Settings, redis: Option<&RedisServer>) -> anyhow::Result<Arc<dyn JobQueue>> {
    if let Some(server) = redis {
        return Ok(Arc::new(RedisQueue::new(server.clone(), Arc::new(SystemClock))));
    }
    let queue = SqliteQueue::open(&settings.queue.path).await.context("queue.path cannot be opened")?;
    Ok(Arc::new(queue))
}
