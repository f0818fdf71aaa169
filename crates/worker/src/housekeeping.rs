//! Forgets sent jobs and finished tickets, and reports how many jobs stand where.

use std::sync::Arc;
use std::time::Duration;

use bellwether_jobs::{JobQueue, QueueError};
use bellwether_store::{Clock, EmailJobs, IdempotencyKeys, StoreError};
use chrono::{DateTime, TimeDelta};
use tokio_util::sync::CancellationToken;

use crate::condition::Condition;

/// Between two reports.
const PAUSE: Duration = Duration::from_secs(5);
/// Reports from one clean-up to the next.
const REPORTS_A_CLEANUP: u32 = 12;
/// Jobs forgotten by one statement.
const STEP: u32 = 1_000;
/// What `GET /jobs/{id}` promises: a sent job can be asked for as long as this.
const LEAST_KEPT: Duration = Duration::from_secs(5_000);

pub(crate) struct Housekeeping {
    pub(crate) jobs: Arc<dyn EmailJobs>,
    pub(crate) keys: Arc<dyn IdempotencyKeys>,
    pub(crate) queue: Arc<dyn JobQueue>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) condition: Condition,
    pub(crate) keep_sent: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
enum HousekeepingError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl Housekeeping {
    /// Runs until `stop` is cancelled. What fails is tried again at its next turn.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        for round in 0_u32.. {
            let done = async {
                self.report().await?;
                if round.is_multiple_of(REPORTS_A_CLEANUP) {
                    self.clean_up().await?;
                }
                Ok::<_, HousekeepingError>(())
            };
            match stop.run_until_cancelled(done).await {
                None => return,
                Some(Ok(())) => self.condition.is_well(),
                Some(Err(error)) => {
                    self.condition.is_hindered(&error);
                    tracing::warn!(%error, "the jobs cannot be counted or cleaned up for now");
                }
            }
            if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    async fn report(&self) -> Result<(), HousekeepingError> {
        let counts = self.jobs.counts().await?;
        let states = [
            ("queued", counts.queued),
            ("sending", counts.sending),
            ("retrying", counts.retrying),
            ("sent", counts.sent),
            ("parked", counts.parked),
        ];
        for (state, count) in states {
            metrics::gauge!("bellwether_email_jobs", "state" => state).set(count as f64);
        }
        let age = counts.oldest_queued_at.map_or(TimeDelta::zero(), |queued_at| self.clock.now() - queued_at);
        metrics::gauge!("bellwether_email_oldest_age_seconds").set(age.as_seconds_f64().max(0.0));
        let depth = self.queue.depth().await?;
        metrics::gauge!("bellwether_queue_depth").set((depth.waiting + depth.taken) as f64);
        Ok(())
    }

    async fn clean_up(&self) -> Result<(), HousekeepingError> {
        if let Some(kept) = self.keep_sent {
            let kept = TimeDelta::from_std(kept.max(LEAST_KEPT)).unwrap_or(TimeDelta::MAX);
            let before = self.clock.now().checked_sub_signed(kept).unwrap_or(DateTime::UNIX_EPOCH);
            // Keys first: a key that outlived its job would order the job anew.
            while self.keys.purge_keys(before, STEP).await? == u64::from(STEP) {}
            while self.jobs.purge_sent(before, STEP).await? == u64::from(STEP) {}
        }
        self.queue.tidy().await?;
        Ok(())
    }
}
