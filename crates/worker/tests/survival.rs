//! What happens to emails when processes are killed, files vanish and the database is away.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

mod world;

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_store::{
    EmailClaim, EmailJob, EmailJobCounts, EmailJobState, EmailJobs, EmailRetry, NewEmailJob, StoreError,
    WaitingEmailJob,
};
use bellwether_testkit::{Reply, SmtpSink, Step};
use bellwether_worker::startup::JobOptions;
use chrono::{DateTime, Utc};
use tokio::time::Instant;
use uuid::Uuid;
use world::{PATIENCE, World, options, uid_of};

/// Set for the process that [`a_worker_to_be_killed`] is: folder and URL.
const VICTIM: &str = "BELLWETHER_TEST_VICTIM";

fn well(_: Step<'_>) -> Reply {
    Reply::Usual
}

/// No test by itself: the process that another test starts and kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_to_be_killed() {
    let Ok(victim) = std::env::var(VICTIM) else { return };
    let (folder, url) = victim.split_once('|').unwrap();
    let (_store, means) = world::open(folder.as_ref()).await;
    let jobs = JobOptions { concurrency: 3, ..JobOptions::default() };
    let _worker = world::start(means, &options(url), jobs);
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_held_is_sent_by_the_next_within_fifteen_seconds() {
    let world = World::new().await;
    let uids = world.order(10, &[]).await;
    let sink = SmtpSink::start(|step| match step.verb {
        "MESSAGE" => Reply::Hang,
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_worker_to_be_killed"])
        .env(VICTIM, format!("{}|{}", world.folder.path().display(), sink.url()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(sink.hears("MESSAGE", 3, PATIENCE).await, "three jobs in flight");
    victim.kill().unwrap();
    victim.wait().unwrap();
    let killed = Instant::now();

    sink.behave(well);
    let worker = world.start(&sink.url());
    let received = sink.receives(10, PATIENCE).await.unwrap();
    println!("all sent {:?} after kill -9", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(15), "{:?}", killed.elapsed());
    let arrived: HashSet<Uuid> = received.iter().map(|message| uid_of(&message.data)).collect();
    assert_eq!(arrived, uids.iter().copied().collect());
    for uid in uids {
        world.reaches(uid, EmailJobState::Sent).await;
    }
    worker.stop().await.unwrap();
    assert_eq!(sink.received().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_whose_file_is_gone_is_refilled_from_the_table() {
    let mut world = World::new().await;
    let uids = world.order(1_500, &[]).await;
    for file in ["queue.db", "queue.db-wal", "queue.db-shm"] {
        std::fs::remove_file(world.folder.path().join(file)).ok();
    }
    world.means.queue = world::queue(world.folder.path()).await;
    assert_eq!(world.means.queue.depth().await.unwrap().waiting, 0);
    let sink = SmtpSink::start(well).await.unwrap();
    let worker = world.start(&sink.url());
    let received = sink.receives(1_500, PATIENCE).await.unwrap();
    let arrived: HashSet<Uuid> = received.iter().map(|message| uid_of(&message.data)).collect();
    assert_eq!(arrived, uids.into_iter().collect());
    worker.stop().await.unwrap();
    assert_eq!(sink.received().len(), 1_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_never_reached_the_queue_are_found() {
    let world = World::new().await;
    let sink = SmtpSink::start(well).await.unwrap();
    let worker = world.start(&sink.url());
    // As a process that died between its two writes leaves it.
    let email = world::email("c", &[]);
    let row = NewEmailJob {
        uid: email.uid,
        client_id: None,
        dedupe_key: None,
        payload: serde_json::to_string(&email).unwrap(),
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.store.insert(&[row], Utc::now()).await.unwrap();
    assert!(sink.receives(1, PATIENCE).await.is_some());
    world.reaches(email.uid, EmailJobState::Sent).await;
    worker.stop().await.unwrap();
}

/// A database that can be away.
struct Away {
    jobs: Arc<dyn EmailJobs>,
    away: Arc<AtomicBool>,
}

impl Away {
    fn there(&self) -> Result<&dyn EmailJobs, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".into()));
        }
        Ok(self.jobs.as_ref())
    }
}

#[async_trait]
impl EmailJobs for Away {
    async fn insert(
        &self,
        jobs: &[NewEmailJob],
        now: DateTime<Utc>,
    ) -> Result<Vec<WaitingEmailJob>, StoreError> {
        self.there()?.insert(jobs, now).await
    }
    async fn find(&self, uid: Uuid) -> Result<Option<EmailJob>, StoreError> {
        self.there()?.find(uid).await
    }
    async fn due(
        &self,
        by: DateTime<Utc>,
        after: Option<&WaitingEmailJob>,
        limit: u32,
    ) -> Result<Vec<WaitingEmailJob>, StoreError> {
        self.there()?.due(by, after, limit).await
    }
    async fn claim(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<EmailClaim, StoreError> {
        self.there()?.claim(uid, turn, now, until).await
    }
    async fn renew(
        &self,
        uid: Uuid,
        turn: u32,
        until: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.there()?.renew(uid, turn, until, why).await
    }
    async fn release(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<(), StoreError> {
        self.there()?.release(uid, turn, now, why).await
    }
    async fn record_sent(&self, uid: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.there()?.record_sent(uid, now).await
    }
    async fn record_retry(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        retry: &EmailRetry,
    ) -> Result<Option<u32>, StoreError> {
        self.there()?.record_retry(uid, turn, now, retry).await
    }
    async fn park(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        reason: &str,
        delivered: &[String],
    ) -> Result<(), StoreError> {
        self.there()?.park(uid, turn, now, reason, delivered).await
    }
    async fn requeue(&self, uid: Uuid, now: DateTime<Utc>) -> Result<Option<WaitingEmailJob>, StoreError> {
        self.there()?.requeue(uid, now).await
    }
    async fn list(&self, state: EmailJobState, limit: u32) -> Result<Vec<EmailJob>, StoreError> {
        self.there()?.list(state, limit).await
    }
    async fn counts(&self) -> Result<EmailJobCounts, StoreError> {
        self.there()?.counts().await
    }
    async fn purge_sent(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.there()?.purge_sent(before, limit).await
    }
    async fn purge(&self, uid: Uuid) -> Result<bool, StoreError> {
        self.there()?.purge(uid).await
    }
    async fn erase_client(&self, client_id: &str) -> Result<u64, StoreError> {
        self.there()?.erase_client(client_id).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_wait_while_the_database_is_away_and_are_recorded_when_it_is_back() {
    let mut world = World::new().await;
    let uids = world.order(30, &[]).await;
    let away = Arc::new(AtomicBool::new(false));
    world.means.jobs = Arc::new(Away { jobs: world.store.clone(), away: away.clone() });
    // Goes away with the first message: some sends are in flight and cannot be recorded.
    let goes = away.clone();
    let sink = SmtpSink::start(move |step| {
        if step.verb == "MESSAGE" {
            goes.store(true, Ordering::SeqCst);
        }
        Reply::Usual
    });
    let sink = sink.await.unwrap();
    let worker = world.start(&sink.url());
    assert!(sink.receives(1, PATIENCE).await.is_some());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let meanwhile = sink.received().len();
    assert!(meanwhile <= 8, "only what was claimed before is sent: {meanwhile}");

    sink.behave(well);
    away.store(false, Ordering::SeqCst);
    assert!(sink.receives(30, PATIENCE).await.is_some());
    for uid in uids {
        assert_eq!(world.reaches(uid, EmailJobState::Sent).await.attempts, 1);
    }
    worker.stop().await.unwrap();
    assert_eq!(sink.received().len(), 30);
}
