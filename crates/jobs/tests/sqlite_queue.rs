//! The embedded queue, by the suite and by what only it has: a file.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[macro_use]
mod queue_suite;

use std::sync::Arc;

use bellwether_jobs::sqlite::SqliteQueue;
use bellwether_jobs::{Entry, Handled, JobQueue, QueueError, Ticket, Work};
use chrono::TimeDelta;
use queue_suite as suite;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

async fn queue() -> (TempDir, Arc<dyn JobQueue>) {
    let folder = tempfile::tempdir().unwrap();
    let queue = SqliteQueue::open(&folder.path().join("queue.db")).await.unwrap();
    (folder, Arc::new(queue))
}

suite! {
    queue,
    a_backlog_drains_each_ticket_once(20_000),
    an_idle_worker_picks_up_soon(TimeDelta::seconds(1)),
    a_ticket_waits_for_its_time,
    a_ticket_that_waits_or_is_held_is_not_taken_twice,
    another_turn_is_another_ticket,
    a_panic_ends_one_ticket_and_not_the_worker,
    a_ticket_put_back_can_be_pushed_again,
    a_worker_takes_no_more_than_it_can_do,
    the_tickets_of_a_dead_worker_are_taken_over,
    a_worker_stops_when_its_jobs_are_done,
    the_grace_ends_with_an_error,
}

#[tokio::test]
async fn a_file_is_kept_across_openings_and_a_damaged_one_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/queue.db");
    let queue = SqliteQueue::open(&path).await.unwrap();
    queue.push(&[Entry::now(Ticket::new(Uuid::now_v7(), 0))]).await.unwrap();
    queue.close().await;

    let queue = SqliteQueue::open(&path).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().waiting, 1);
    queue.close().await;

    std::fs::write(&path, "this is not a database, and long enough to be told so".repeat(100)).unwrap();
    let queue = SqliteQueue::open(&path).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().waiting, 0);
    assert!(folder.path().join("deep/queue.db.damaged").exists());
}

#[tokio::test]
async fn the_file_syncs_as_wal_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let queue = SqliteQueue::open(&folder.path().join("queue.db")).await.unwrap();
    assert_eq!(queue.pragma("synchronous").await.unwrap(), "1", "NORMAL, which apalis's setup turns OFF");
    assert_eq!(queue.pragma("journal_mode").await.unwrap(), "wal");
}

struct Idle;

#[async_trait::async_trait]
impl bellwether_jobs::JobHandler for Idle {
    async fn handle(&self, _: Ticket) -> Handled {
        Handled::Finished
    }
}

#[tokio::test]
async fn a_queue_that_fails_is_an_error_and_never_a_quiet_end() {
    let folder = tempfile::tempdir().unwrap();
    let queue = SqliteQueue::open(&folder.path().join("queue.db")).await.unwrap();
    queue.close().await;
    let work = Work::new(Arc::new(Idle), 1, CancellationToken::new());
    let ended = queue.run(&suite::name(), work).await;
    assert!(matches!(ended, Err(QueueError::Engine(_))), "{ended:?}");
}
