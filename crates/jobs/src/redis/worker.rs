//! One life of an apalis worker on the queue in Redis.

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{BoxDynError, Data, PollWith, WorkerBuilder, WorkerBuilderExt, WorkerError};

use super::RedisQueue;
use super::backend::RedisBackend;
use super::life::Life;
use super::tables::Taken;
use crate::poll::TickOrPush;
use crate::{QueueError, Work, WorkerName};

/// How often an idle worker looks for tickets that fell due, or that another process pushed. Pushes of this
/// process wake it at once.
const TICK: Duration = Duration::from_millis(100);

pub(super) async fn run(queue: &RedisQueue, name: &WorkerName, work: Work) -> Result<(), QueueError> {
    let life = Arc::new(Life::begin(queue, name, work.concurrency).await?);
    let backend = PollWith::new(RedisBackend::new(life.clone()), TickOrPush::new(TICK, queue.pushed.clone()));
    let stop = work.stop.clone();
    let asked = stop.clone();
    let worker = WorkerBuilder::new(name.as_str())
        .backend(backend)
        .concurrency(work.concurrency)
        .data(work)
        .build(take);
    tracing::debug!(worker = %name, "takes tickets");
    let working = worker.run_until(async move {
        asked.cancelled().await;
        Ok::<_, WorkerError>(())
    });
    tokio::select! {
        worked = working => worked.map_err(|error| QueueError::Engine(error.to_string()))?,
        error = life.go_on() => return Err(error),
    }
    life.end().await?;
    if stop.is_cancelled() { Ok(()) } else { Err(QueueError::Stopped) }
}

/// On a task of its own: that a job is done is told to Redis even where the worker has died meanwhile. For Redis
/// a ticket that is put back and one that is finished are the same: they leave the queue.
async fn take(taken: Taken, work: Data<Work>, life: Data<Arc<Life>>) -> Result<(), BoxDynError> {
    let job = tokio::spawn(async move {
        work.deliver(serde_json::from_slice(&taken.text)).await;
        life.finish(taken.key).await;
    });
    Ok(job.await?)
}
