//! Puts due jobs back into a queue that does not have them.

use std::sync::Arc;
use std::time::Duration;

use bellwether_store::{Clock, StoreError};
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::{Chance, EmailOutbox};

/// Jobs in one step.
const STEP: u32 = 1_000;

/// Sweeps `email_jobs` for jobs that are overdue and pushes their tickets, whether or not the queue has
/// them: it refuses those it has. So a queue that was emptied, a push that failed, a worker that died
/// between two writes all heal by themselves.
pub struct Refill {
    outbox: EmailOutbox,
    clock: Arc<dyn Clock>,
    chance: Chance,
    /// Jobs overdue by less are left to their tickets.
    patience: TimeDelta,
    /// The shortest time between two sweeps.
    pause: Duration,
}

impl Refill {
    /// A refill that sweeps every 5 seconds for what is overdue by 2, and at its start for all that is due.
    pub fn new(outbox: EmailOutbox, clock: Arc<dyn Clock>, chance: Chance) -> Self {
        Self { outbox, clock, chance, patience: TimeDelta::seconds(2), pause: Duration::from_secs(5) }
    }

    /// Sweeps until `stop` is cancelled. A sweep over a long backlog earns a long pause, so that sweeping
    /// takes a tenth of the time at most.
    pub async fn run(&self, stop: CancellationToken) {
        let mut patience = TimeDelta::zero();
        loop {
            let begun = tokio::time::Instant::now();
            match stop.run_until_cancelled(self.sweep(patience)).await {
                None => return,
                Some(Ok(_)) => patience = self.patience,
                Some(Err(error)) => tracing::warn!(%error, "the queue cannot be refilled for now"),
            }
            // Spread, so that workers started together do not sweep together.
            let pause = self.pause.mul_f64(0.8 + 0.4 * (self.chance)()) + begun.elapsed() * 10;
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Pushes every job that is due for longer than `patience`; answers how many there are.
    ///
    /// # Errors
    /// When the database fails; what was swept by then is pushed.
    pub async fn sweep(&self, patience: TimeDelta) -> Result<usize, StoreError> {
        let by = self.clock.now() - patience;
        let (mut last, mut swept) = (None, 0);
        loop {
            let due = self.outbox.jobs().due(by, last.as_ref(), STEP).await?;
            self.outbox.push(&due).await;
            swept += due.len();
            if due.len() < STEP as usize {
                return Ok(swept);
            }
            last = due.last().copied();
        }
    }
}
