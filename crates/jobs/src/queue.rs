//! What a queue must do, whatever runs it. Every engine passes the suite in `tests/queue_suite`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{Ticket, WorkerName};

/// A ticket to put in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What is due.
    pub ticket: Ticket,
    /// Not before then, and within a second after; none means now.
    pub run_at: Option<DateTime<Utc>>,
}

impl Entry {
    /// A ticket due now.
    pub fn now(ticket: Ticket) -> Self {
        Self { ticket, run_at: None }
    }

    /// A ticket due later.
    pub fn at(ticket: Ticket, run_at: DateTime<Utc>) -> Self {
        Self { ticket, run_at: Some(run_at) }
    }
}

/// How much a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Tickets that wait, due or not.
    pub waiting: u64,
    /// Tickets that a worker holds.
    pub taken: u64,
}

/// What became of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// Its row says what comes next; the queue may forget the ticket.
    Finished,
    /// Nothing came of it, and its row still waits: the ticket leaves this queue, and [`crate::Refill`]
    /// writes a new one.
    PutBack,
}

/// Does what tickets ask for.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Handles one ticket. Retries, timeouts and the count of attempts are the handler's: a queue knows
    /// of none of them. It may panic: that ends this ticket only.
    async fn handle(&self, ticket: Ticket) -> Handled;
}

/// What went wrong in a queue. Nothing in one is irreplaceable: carry on, and refill.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The engine failed.
    #[error("the queue failed: {0}")]
    Engine(String),
    /// The worker stopped though no one asked it to.
    #[error("the queue's worker stopped by itself")]
    Stopped,
}

/// A worker's means: what every life of it shares.
#[derive(Clone)]
pub struct Work {
    /// Does the jobs.
    pub handler: Arc<dyn JobHandler>,
    /// How many jobs at once, at least 1. Also the most a worker takes ahead, so that no worker sits on
    /// what another could do.
    pub concurrency: usize,
    /// Cancelled: take nothing more, finish what is in flight.
    pub stop: CancellationToken,
    /// Cancelled: drop even what is in flight.
    pub give_up: CancellationToken,
    /// What is in flight. It outlives a worker that its queue lets down.
    pub in_flight: TaskTracker,
}

impl Work {
    /// Means without anything in flight.
    pub fn new(handler: Arc<dyn JobHandler>, concurrency: usize, stop: CancellationToken) -> Self {
        Self {
            handler,
            concurrency: concurrency.max(1),
            stop,
            give_up: CancellationToken::new(),
            in_flight: TaskTracker::new(),
        }
    }

    /// Handles a ticket on a task of its own, so that a panic ends this ticket and nothing else.
    pub(crate) async fn handle(&self, ticket: Ticket) -> Handled {
        let (handler, give_up) = (self.handler.clone(), self.give_up.clone());
        let delivery = self.in_flight.spawn(async move {
            give_up.run_until_cancelled(handler.handle(ticket)).await.unwrap_or(Handled::PutBack)
        });
        delivery.await.unwrap_or_else(|error| {
            tracing::error!(uid = %ticket.uid, turn = ticket.turn, %error, "a job's handler panicked");
            Handled::PutBack
        })
    }
}

/// Hands tickets out to workers.
///
/// A ticket is in a queue at most once by its key until it is finished. One that a worker took and did
/// not finish within [`TAKEOVER`] of the worker's last sign of life is handed out again.
#[async_trait]
pub trait JobQueue: Send + Sync + 'static {
    /// Puts tickets in; those whose key waits or is held already are left out.
    ///
    /// # Errors
    /// When the engine fails; some of the tickets may be in.
    async fn push(&self, entries: &[Entry]) -> Result<(), QueueError>;

    /// How much is in.
    ///
    /// # Errors
    /// When the engine fails.
    async fn depth(&self) -> Result<Depth, QueueError>;

    /// Forgets what is finished, and workers long gone. For a regular, unhurried call.
    ///
    /// # Errors
    /// When the engine fails.
    async fn tidy(&self) -> Result<(), QueueError>;

    /// One life of a worker: hands out tickets until `work.stop` is cancelled and what it handed out is
    /// handled.
    ///
    /// # Errors
    /// When the engine fails: the worker is dead then, while its jobs in flight go on. See
    /// [`crate::supervise`].
    async fn run(&self, name: &WorkerName, work: Work) -> Result<(), QueueError>;
}

/// How often a worker shows that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// After so many signs of life missed a worker counts as dead. The next sign of life of another worker
/// then takes its tickets over: 6 to 8 seconds after the last of the dead one's.
pub const MISSED_HEARTBEATS: u32 = 3;
/// The longest a ticket stays with a worker that died.
pub const TAKEOVER: Duration = Duration::from_secs(10);
