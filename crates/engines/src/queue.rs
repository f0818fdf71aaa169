//! The queue that the settings name.

use std::sync::Arc;

use anyhow::Context as _;
use bellwether_jobs::JobQueue;
use bellwether_jobs::sqlite::SqliteQueue;
use bellwether_settings::Settings;

/// Opens the queue: on `redis.url`, or the embedded one in `queue.path`.
///
/// # Errors
/// Naming the setting at fault.
pub async fn queue(settings: &Settings) -> anyhow::Result<Arc<dyn JobQueue>> {
    let queue = SqliteQueue::open(&settings.queue.path).await.context("queue.path cannot be opened")?;
    Ok(Arc::new(queue))
}
