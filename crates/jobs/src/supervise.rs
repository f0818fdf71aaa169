//! Keeps a worker alive while its queue fails, and brings it to an end when asked.

use std::sync::Arc;
use std::time::Duration;

use crate::{JobQueue, Work, WorkerName};

/// The wait before a worker's next life, which doubles up to [`LONGEST_PAUSE`] while lives are short.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A life that lasted so long was a good one.
const GOOD_LIFE: Duration = Duration::from_secs(60);

/// A worker that ended otherwise than asked. A process that sees it exits with a failure.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The grace period passed with jobs still in flight. They were dropped; their claims run out, and
    /// they are sent by whoever comes next.
    #[error("{in_flight} jobs were still in flight when the grace period of {grace:?} ended")]
    GraceExpired {
        /// How many were dropped.
        in_flight: usize,
        /// How long they had.
        grace: Duration,
    },
}

/// Runs a worker on the queue until `work.stop` is cancelled, then waits up to `grace` for what is in
/// flight. Each life bears a name of its own; an error of the queue ends a life, never the worker, and
/// never the jobs in flight.
///
/// # Errors
/// [`WorkError::GraceExpired`].
pub async fn supervise(
    queue: Arc<dyn JobQueue>,
    host: &str,
    work: Work,
    grace: Duration,
) -> Result<(), WorkError> {
    let lives = live_on(queue, host, &work);
    let expired = async {
        work.stop.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        biased;
        () = async {
            lives.await;
            work.in_flight.close();
            work.in_flight.wait().await;
        } => Ok(()),
        () = expired => {
            let in_flight = work.in_flight.len();
            work.give_up.cancel();
            work.in_flight.close();
            // Dropping a job takes no time; a job that never yields cannot be dropped, nor waited for.
            let _ = tokio::time::timeout(Duration::from_secs(1), work.in_flight.wait()).await;
            Err(WorkError::GraceExpired { in_flight, grace })
        }
    }
}

async fn live_on(queue: Arc<dyn JobQueue>, host: &str, work: &Work) {
    let mut pause = FIRST_PAUSE;
    while !work.stop.is_cancelled() {
        let name = WorkerName::unique(host);
        let born = tokio::time::Instant::now();
        let Err(error) = queue.run(&name, work.clone()).await else {
            return;
        };
        metrics::counter!("bellwether_worker_restarts_total").increment(1);
        tracing::error!(worker = %name, %error, "the queue let its worker down: it starts anew");
        if born.elapsed() >= GOOD_LIFE {
            pause = FIRST_PAUSE;
        }
        let paused = work.stop.run_until_cancelled(tokio::time::sleep(pause));
        if paused.await.is_none() {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
