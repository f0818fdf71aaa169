//! The queue as it lies in Redis, and the scripts that are its only way in. Each is atomic and of bounded work.
//!
//! | key | holds |
//! | --- | --- |
//! | `tickets` | hash: a ticket's key → its text, from its push until it is finished |
//! | `waiting` | sorted set: the keys of tickets that no worker holds, by when they are due |
//! | `held:WORKER` | set: the keys of the tickets that a worker holds |
//! | `workers` | sorted set: workers by their last sign of life |
//!
//! All keys bear one hash tag, so that in a cluster they lie together. All times are Redis's own, in milliseconds:
//! no worker's clock has a say in what is due or who is dead.

use std::time::Duration;

use bellwether_store::redis::RedisServer;
use redis::{FromRedisValue, RedisError, Script, ScriptInvocation};

use crate::{Depth, QueueError};

/// The longest a call may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A ticket that a worker was handed.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) key: String,
    /// JSON, if all is well.
    pub(super) text: Vec<u8>,
}

/// A ticket to put in.
pub(super) struct Pushed {
    pub(super) key: String,
    pub(super) text: String,
    /// Until it is due.
    pub(super) wait: Duration,
}

pub(super) struct Tables {
    server: RedisServer,
    tickets: String,
    waiting: String,
    workers: String,
    held: String,
    scripts: Scripts,
}

struct Scripts {
    push: Script,
    take: Script,
    finish: Script,
    live: Script,
    silent: Script,
    bury: Script,
    leave: Script,
    depth: Script,
}

impl Tables {
    pub(super) fn new(server: RedisServer, queue: &str) -> Self {
        let key = |name: &str| format!("{{{}:{queue}}}:{name}", server.options().prefix);
        Self {
            tickets: key("tickets"),
            waiting: key("waiting"),
            workers: key("workers"),
            held: key("held"),
            scripts: Scripts {
                push: Script::new(include_str!("scripts/push.lua")),
                take: Script::new(include_str!("scripts/take.lua")),
                finish: Script::new(include_str!("scripts/finish.lua")),
                live: Script::new(include_str!("scripts/live.lua")),
                silent: Script::new(include_str!("scripts/silent.lua")),
                bury: Script::new(include_str!("scripts/bury.lua")),
                leave: Script::new(include_str!("scripts/leave.lua")),
                depth: Script::new(include_str!("scripts/depth.lua")),
            },
            server,
        }
    }

    fn held_by(&self, worker: &str) -> String {
        format!("{}:{worker}", self.held)
    }

    /// Puts tickets in, but for those that are in already.
    pub(super) async fn push(&self, tickets: &[Pushed]) -> Result<(), QueueError> {
        let mut call = self.scripts.push.prepare_invoke();
        call.key(&self.tickets).key(&self.waiting);
        for ticket in tickets {
            call.arg(&ticket.key).arg(&ticket.text).arg(whole_milliseconds(ticket.wait));
        }
        self.ask(&call).await
    }

    /// Hands due tickets to a worker. None where the worker counts as dead.
    pub(super) async fn take(&self, worker: &str, most: usize) -> Result<Option<Vec<Taken>>, QueueError> {
        let mut call = self.scripts.take.prepare_invoke();
        call.key(&self.workers).key(&self.waiting).key(&self.tickets).key(self.held_by(worker));
        call.arg(worker).arg(most);
        let taken: Option<Vec<(String, Vec<u8>)>> = self.ask(&call).await?;
        Ok(taken.map(|taken| taken.into_iter().map(|(key, text)| Taken { key, text }).collect()))
    }

    /// Forgets tickets that the worker is done with.
    pub(super) async fn finish(&self, worker: &str, keys: &[String]) -> Result<(), QueueError> {
        let mut call = self.scripts.finish.prepare_invoke();
        call.key(&self.tickets).key(self.held_by(worker)).arg(keys);
        self.ask(&call).await
    }

    /// Shows that the worker lives, and what it holds; answers whether it counts as living.
    pub(super) async fn live<'a>(
        &self,
        worker: &str,
        first: bool,
        holds: impl Iterator<Item = &'a String> + Send,
    ) -> Result<bool, QueueError> {
        let mut call = self.scripts.live.prepare_invoke();
        call.key(&self.workers).key(&self.waiting).key(self.held_by(worker));
        call.arg(worker).arg(if first { "first" } else { "again" });
        for key in holds {
            call.arg(key);
        }
        self.ask(&call).await
    }

    /// Some workers that were silent for so long.
    pub(super) async fn silent(&self, silence: Duration, most: usize) -> Result<Vec<String>, QueueError> {
        let mut call = self.scripts.silent.prepare_invoke();
        call.key(&self.workers).arg(whole_milliseconds(silence)).arg(most);
        self.ask(&call).await
    }

    /// Takes tickets from a worker that is silent still, and forgets it with the last; answers how many.
    pub(super) async fn bury(
        &self,
        worker: &str,
        silence: Duration,
        most: usize,
    ) -> Result<usize, QueueError> {
        let mut call = self.scripts.bury.prepare_invoke();
        call.key(&self.workers).key(&self.waiting).key(self.held_by(worker));
        call.arg(worker).arg(whole_milliseconds(silence)).arg(most);
        self.ask(&call).await
    }

    /// Takes leave of a worker: what it took and did not begin waits for others.
    pub(super) async fn leave(&self, worker: &str) -> Result<(), QueueError> {
        let mut call = self.scripts.leave.prepare_invoke();
        call.key(&self.workers).key(&self.waiting).key(self.held_by(worker)).arg(worker);
        self.ask(&call).await
    }

    pub(super) async fn depth(&self) -> Result<Depth, QueueError> {
        let mut call = self.scripts.depth.prepare_invoke();
        call.key(&self.tickets).key(&self.waiting);
        let (waiting, taken) = self.ask(&call).await?;
        Ok(Depth { waiting, taken })
    }

    async fn ask<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, QueueError> {
        let asking = async {
            let mut connection = self.server.pooled().await?;
            call.invoke_async(&mut connection).await
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(answer) => answer.map_err(|error: RedisError| QueueError::Engine(error.to_string())),
            Err(_) => Err(QueueError::Engine("Redis did not answer in time".to_owned())),
        }
    }
}

/// Rounded up: a ticket is never handed out too soon.
fn whole_milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
