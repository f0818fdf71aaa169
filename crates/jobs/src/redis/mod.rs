//! The queue in Redis, for many workers on many machines: apalis's worker over a backend of ours.
//!
//! Of ours, since apalis-redis promotes all that is due in one step, which fails for good past some 8,000
//! tickets, stalls idle workers until their next heartbeat, and trusts the workers' clocks. `tables` is the queue
//! as it lies in Redis, `life` one worker's part in it, `backend` what apalis polls, `worker` apalis's worker.
//!
//! Redis is to keep what it is given: `maxmemory-policy noeviction`. What it loses in a crash is refilled from
//! `email_jobs`.

mod backend;
mod life;
mod tables;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_store::Clock;
use bellwether_store::redis::RedisServer;
use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::{Depth, Entry, HEARTBEAT, JobQueue, MISSED_HEARTBEATS, QueueError, Work, WorkerName};
use tables::{Pushed, Tables};

/// The name of the queue.
const QUEUE: &str = "emails";
/// Tickets that go in with one script: it holds up everyone else for some milliseconds.
const PUSHED_AT_ONCE: usize = 500;
/// Workers looked for, and tickets taken over, by one script.
const BURIED_AT_ONCE: usize = 500;

/// The queue in Redis. Clones share it.
#[derive(Clone)]
pub struct RedisQueue {
    tables: Arc<Tables>,
    clock: Arc<dyn Clock>,
    pushed: Arc<Notify>,
}

impl RedisQueue {
    /// The queue on this Redis, which need not be there yet. The clock is that by which tickets say when they are
    /// due: it tells how long they wait, and Redis's clock tells when that is over.
    pub fn new(server: RedisServer, clock: Arc<dyn Clock>) -> Self {
        Self { tables: Arc::new(Tables::new(server, QUEUE)), clock, pushed: Arc::default() }
    }

    fn wait(&self, run_at: Option<DateTime<Utc>>) -> Duration {
        let wait = run_at.map(|at| at - self.clock.now());
        wait.and_then(|wait| wait.to_std().ok()).unwrap_or_default()
    }

    /// Hands out what dead workers held.
    async fn bury_the_dead(&self) -> Result<(), QueueError> {
        let silence = HEARTBEAT * MISSED_HEARTBEATS;
        loop {
            let silent = self.tables.silent(silence, BURIED_AT_ONCE).await?;
            for worker in &silent {
                let mut orphans = 0;
                loop {
                    let taken = self.tables.bury(worker, silence, BURIED_AT_ONCE).await?;
                    orphans += taken;
                    if taken < BURIED_AT_ONCE {
                        break;
                    }
                }
                metrics::counter!("bellwether_queue_taken_over_total").increment(orphans as u64);
                tracing::warn!(%worker, tickets = orphans, "a worker is silent: its tickets are handed out again");
            }
            if silent.len() < BURIED_AT_ONCE {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl JobQueue for RedisQueue {
    async fn push(&self, entries: &[Entry]) -> Result<(), QueueError> {
        for entries in entries.chunks(PUSHED_AT_ONCE) {
            let tickets = entries.iter().map(|entry| {
                let text = serde_json::to_string(&entry.ticket)?;
                Ok(Pushed { key: entry.ticket.key(), text, wait: self.wait(entry.run_at) })
            });
            let tickets = tickets
                .collect::<Result<Vec<_>, serde_json::Error>>()
                .map_err(|error| QueueError::Engine(error.to_string()))?;
            self.tables.push(&tickets).await?;
            self.pushed.notify_waiters();
        }
        Ok(())
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        self.tables.depth().await
    }

    async fn tidy(&self) -> Result<(), QueueError> {
        self.bury_the_dead().await
    }

    async fn run(&self, name: &WorkerName, work: Work) -> Result<(), QueueError> {
        worker::run(self, name, work).await
    }
}
