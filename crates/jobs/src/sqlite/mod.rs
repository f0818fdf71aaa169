//! The embedded queue: apalis on SQLite, in a file of its own.
//!
//! Of its own, because apalis's migrations clash with any others in the file, and because this file may
//! be lost: what it held is refilled from `email_jobs`. `file` opens it, `worker` runs apalis's worker on
//! it. One process uses one file.

mod file;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use apalis::prelude::{TaskBuilder, TaskSink};
use apalis_sqlite::{Config, SqliteStorage};
use async_trait::async_trait;
use futures_util::stream;
use serde_json::Value;
use sqlx::{Row, SqlitePool};
use tokio::sync::Notify;

use crate::{Depth, Entry, HEARTBEAT, JobQueue, MISSED_HEARTBEATS, QueueError, Work, WorkerName};

/// The name of the queue within the file.
const QUEUE: &str = "emails";
/// Tickets that go in with one transaction: it holds up the worker's own for a few hundredths of a second.
const PUSHED_AT_ONCE: usize = 500;
/// Finished tickets forgotten by one statement.
const TIDIED_AT_ONCE: u32 = 1_000;
/// Workers unseen for so many seconds are forgotten.
const WORKER_FORGOTTEN: i64 = 3_600;

/// The embedded queue. Clones share it.
#[derive(Clone)]
pub struct SqliteQueue {
    pool: SqlitePool,
    path: Arc<PathBuf>,
    pushed: Arc<Notify>,
}

impl SqliteQueue {
    /// Opens the queue in the file at `path`, which is created where it is missing. A file that is damaged
    /// is put aside and a new one begun, since [`crate::Refill`] brings back what it held.
    ///
    /// # Errors
    /// Where the file can be neither opened nor created.
    pub async fn open(path: &Path) -> Result<Self, QueueError> {
        Ok(Self { pool: file::open(path).await?, path: Arc::new(path.to_owned()), pushed: Arc::default() })
    }

    /// Waits for running calls and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Where the queue is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file is set to, for tests and diagnosis.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn pragma(&self, name: &'static str) -> Result<String, QueueError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA {name}")))
            .fetch_one(&self.pool)
            .await
            .map_err(engine)?;
        row.try_get_unchecked::<String, _>(0).map_err(engine)
    }

    /// apalis's storage on this file. It does not mark tickets as running: that they were fetched says
    /// enough, and its statement for it walks through everything that waits, for each ticket.
    fn storage(&self, batch: usize) -> SqliteStorage<Value> {
        let config = Config::default()
            .queue(QUEUE)
            .batch_size(batch)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(MISSED_HEARTBEATS as usize)
            .lock_tasks(false);
        SqliteStorage::new(&self.pool).with_config(config)
    }

    /// A finished ticket's key would refuse the same ticket for good: `ON CONFLICT DO NOTHING` looks at
    /// keys, not at states.
    async fn forget_finished(&self, keys: &[String]) -> Result<(), QueueError> {
        let keys = serde_json::to_string(keys).map_err(engine)?;
        sqlx::query(
            "DELETE FROM Jobs WHERE job_type = ? AND status IN ('Done', 'Failed', 'Killed')
               AND idempotency_key IN (SELECT value FROM json_each(?))",
        )
        .bind(QUEUE)
        .bind(keys)
        .execute(&self.pool)
        .await
        .map_err(engine)?;
        Ok(())
    }
}

#[async_trait]
impl JobQueue for SqliteQueue {
    async fn push(&self, entries: &[Entry]) -> Result<(), QueueError> {
        for entries in entries.chunks(PUSHED_AT_ONCE) {
            let keys: Vec<String> = entries.iter().map(|entry| entry.ticket.key()).collect();
            self.forget_finished(&keys).await?;
            let mut tasks = Vec::with_capacity(entries.len());
            for (entry, key) in entries.iter().zip(keys) {
                let ticket = serde_json::to_value(entry.ticket).map_err(engine)?;
                // apalis keeps no attempts of ours: a ticket is delivered, and its row says what is next.
                let task = TaskBuilder::new(ticket).idempotency_key(key).max_attempts(1);
                tasks.push(match entry.run_at {
                    Some(at) => task.run_at_timestamp(whole_seconds(at)).build(),
                    None => task.build(),
                });
            }
            let mut storage = self.storage(1);
            storage.push_all(stream::iter(tasks)).await.map_err(engine)?;
            self.pushed.notify_waiters();
        }
        Ok(())
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let rows: Vec<(String, u64)> =
            sqlx::query_as("SELECT status, count(*) FROM Jobs WHERE job_type = ? GROUP BY status")
                .bind(QUEUE)
                .fetch_all(&self.pool)
                .await
                .map_err(engine)?;
        let mut depth = Depth::default();
        for (status, count) in rows {
            match status.as_str() {
                "Pending" => depth.waiting += count,
                "Queued" | "Running" => depth.taken += count,
                _ => {}
            }
        }
        Ok(depth)
    }

    async fn tidy(&self) -> Result<(), QueueError> {
        loop {
            let forgotten = sqlx::query(
                "DELETE FROM Jobs WHERE rowid IN
                   (SELECT rowid FROM Jobs WHERE status IN ('Done', 'Failed', 'Killed') LIMIT ?)",
            )
            .bind(TIDIED_AT_ONCE)
            .execute(&self.pool)
            .await
            .map_err(engine)?;
            if forgotten.rows_affected() < u64::from(TIDIED_AT_ONCE) {
                break;
            }
        }
        sqlx::query(
            "DELETE FROM Workers WHERE last_seen < unixepoch() - ?
               AND NOT EXISTS (SELECT 1 FROM Jobs WHERE lock_by = Workers.id)",
        )
        .bind(WORKER_FORGOTTEN)
        .execute(&self.pool)
        .await
        .map_err(engine)?;
        Ok(())
    }

    async fn run(&self, name: &WorkerName, work: Work) -> Result<(), QueueError> {
        worker::run(self, name, work).await
    }
}

fn engine(error: impl std::fmt::Display) -> QueueError {
    QueueError::Engine(error.to_string())
}

/// apalis keeps whole seconds; rounding down would deliver a ticket up to a second too soon.
fn whole_seconds(at: chrono::DateTime<chrono::Utc>) -> u64 {
    let up = i64::from(at.timestamp_subsec_nanos() > 0);
    u64::try_from(at.timestamp() + up).unwrap_or(0)
}
