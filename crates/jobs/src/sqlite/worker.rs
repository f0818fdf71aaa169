//! One life of an apalis worker on the embedded queue.

use std::time::Duration;

use apalis::prelude::{BoxDynError, Data, PollWith, WorkerBuilder, WorkerBuilderExt, WorkerError};
use serde_json::Value;

use super::SqliteQueue;
use crate::poll::TickOrPush;
use crate::{Handled, QueueError, Work, WorkerName};

/// How often an idle worker looks for tickets that fell due. Pushes of this process wake it at once.
const TICK: Duration = Duration::from_millis(200);

/// A ticket that leaves the queue undone: apalis marks it failed, and its one attempt is spent.
#[derive(Debug, thiserror::Error)]
#[error("put back")]
struct PutBack;

pub(super) async fn run(queue: &SqliteQueue, name: &WorkerName, work: Work) -> Result<(), QueueError> {
    // A batch beyond the concurrency would be taken only to wait here.
    let storage = queue.storage(work.concurrency);
    let backend = PollWith::new(storage, TickOrPush::new(TICK, queue.pushed.clone()));
    let stop = work.stop.clone();
    let asked = stop.clone();
    let worker = WorkerBuilder::new(name.as_str())
        .backend(backend)
        .concurrency(work.concurrency)
        .data(work)
        .build(take);
    tracing::debug!(worker = %name, "takes tickets");
    worker
        .run_until(async move {
            asked.cancelled().await;
            Ok::<_, WorkerError>(())
        })
        .await
        .map_err(|error| QueueError::Engine(error.to_string()))?;
    if stop.is_cancelled() { Ok(()) } else { Err(QueueError::Stopped) }
}

async fn take(ticket: Value, work: Data<Work>) -> Result<(), BoxDynError> {
    match work.deliver(serde_json::from_value(ticket)).await {
        Handled::Finished => Ok(()),
        Handled::PutBack => Err(PutBack.into()),
    }
}
