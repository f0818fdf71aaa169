//! What apalis's worker polls for tickets.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::data::Data;
use apalis_core::task::task_id::RandomId;
use apalis_core::worker::context::WorkerContext;
use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use super::life::Life;
use super::tables::Taken;
use crate::QueueError;

/// Asks Redis for tickets whenever apalis wants one and none is in hand; one question at a time. apalis polls no
/// backend while it waits for its last jobs: so signs of life and the end of jobs are none of its concern, and
/// the question is asked on a task of its own, since jobs that end wait for their turn to speak.
pub(super) struct RedisBackend {
    life: Arc<Life>,
    in_hand: VecDeque<Taken>,
    asking: Option<JoinHandle<Result<Vec<Taken>, QueueError>>>,
}

impl RedisBackend {
    pub(super) fn new(life: Arc<Life>) -> Self {
        Self { life, in_hand: VecDeque::new(), asking: None }
    }
}

impl Backend for RedisBackend {
    type Task = Task<Taken>;
    type Error = QueueError;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), QueueError>> {
        Poll::Ready(Ok(()))
    }

    /// Pending with nothing asked means that nothing is due: `PollWith` sees to it that we are polled again.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Taken>, QueueError>>> {
        if self.in_hand.is_empty() {
            let life = self.life.clone();
            let asking = self.asking.get_or_insert_with(|| tokio::spawn(async move { life.take().await }));
            match asking.poll_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(taken) => {
                    self.asking = None;
                    match taken {
                        Ok(Ok(taken)) => self.in_hand.extend(taken),
                        Ok(Err(error)) => return Poll::Ready(Some(Err(error))),
                        Err(error) => {
                            return Poll::Ready(Some(Err(QueueError::Engine(error.to_string()))));
                        }
                    }
                }
            }
        }
        match self.in_hand.pop_front() {
            Some(taken) => Poll::Ready(Some(Ok(TaskBuilder::new(taken).build()))),
            None => Poll::Pending,
        }
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), QueueError>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for RedisBackend {
    type Args = Taken;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Data<Arc<Life>>;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Data<Arc<Life>> {
        Data::new(self.life.clone())
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisBackend").field("in_hand", &self.in_hand.len()).finish_non_exhaustive()
    }
}
