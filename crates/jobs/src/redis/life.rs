//! One life of a worker, as Redis knows it: what it holds, and that it lives.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, MissedTickBehavior};

use super::RedisQueue;
use super::tables::Taken;
use crate::{HEARTBEAT, QueueError, TAKEOVER, WorkerName};

/// Between two tries to tell Redis that a ticket is finished.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) struct Life {
    queue: RedisQueue,
    name: String,
    concurrency: usize,
    /// The keys of the tickets that this worker holds. Who holds the lock may talk to Redis about them: so a sign
    /// of life never comes between Redis's handing out a ticket and our knowing of it.
    held: AsyncMutex<HashSet<String>>,
    /// The keys of those that Redis has still to forget.
    finished: Mutex<Vec<String>>,
}

impl Life {
    pub(super) async fn begin(
        queue: &RedisQueue,
        name: &WorkerName,
        concurrency: usize,
    ) -> Result<Self, QueueError> {
        let life = Self {
            queue: queue.clone(),
            name: name.as_str().to_owned(),
            concurrency,
            held: AsyncMutex::default(),
            finished: Mutex::default(),
        };
        life.show(true).await?;
        Ok(life)
    }

    /// As many due tickets as the worker has hands free; often none.
    pub(super) async fn take(&self) -> Result<Vec<Taken>, QueueError> {
        let mut held = self.held.lock().await;
        let most = self.concurrency.saturating_sub(held.len());
        if most == 0 {
            return Ok(Vec::new());
        }
        let taken = self.queue.tables.take(&self.name, most).await?.ok_or_else(taken_for_dead)?;
        held.extend(taken.iter().map(|ticket| ticket.key.clone()));
        Ok(taken)
    }

    /// Has Redis forget a ticket, and all that finished meanwhile with it. Where Redis is away for longer than a
    /// ticket stays with a dead worker, it is let be: the ticket is handed out again, and its row turns that away.
    pub(super) async fn finish(&self, key: String) {
        self.finished().push(key);
        let begun = Instant::now();
        loop {
            let mut held = self.held.lock().await;
            let finished = std::mem::take(&mut *self.finished());
            if finished.is_empty() {
                // Someone else has told it with theirs, or goes on trying.
                return;
            }
            match self.queue.tables.finish(&self.name, &finished).await {
                Err(error) if begun.elapsed() < TAKEOVER => {
                    tracing::debug!(%error, "finished tickets cannot be told for now");
                    self.finished().extend(finished);
                }
                told => {
                    if let Err(error) = told {
                        tracing::warn!(%error, tickets = finished.len(), "finished tickets may come again");
                    }
                    for key in &finished {
                        held.remove(key);
                    }
                    return;
                }
            }
            drop(held);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Shows signs of life, and looks after the dead, until either fails: that ends this life.
    pub(super) async fn go_on(&self) -> QueueError {
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let shown = async {
                self.show(false).await?;
                self.queue.bury_the_dead().await
            };
            if let Err(error) = shown.await {
                return error;
            }
        }
    }

    /// Gives back what was taken and not begun.
    pub(super) async fn end(&self) -> Result<(), QueueError> {
        let _no_one_else_talks = self.held.lock().await;
        self.queue.tables.leave(&self.name).await
    }

    async fn show(&self, first: bool) -> Result<(), QueueError> {
        let held = self.held.lock().await;
        let lives = self.queue.tables.live(&self.name, first, held.iter()).await?;
        if lives { Ok(()) } else { Err(taken_for_dead()) }
    }

    fn finished(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        // A list is whole even if a holder panicked.
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// It was silent for too long, or Redis has lost its data.
fn taken_for_dead() -> QueueError {
    QueueError::Engine("Redis does not know the worker any more".to_owned())
}
