//! What happens to emails when processes are killed, files vanish and the database is away.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

#[macro_use]
mod world;

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_jobs::{EmailOutbox, RetryPolicy, Work, supervise};
use bellwether_mail::{AddressBook, Letter, Mailer, Outcome, SendError};
use bellwether_store::{
    EmailClaim, EmailJob, EmailJobCounts, EmailJobState, EmailJobs, EmailRetry, NewEmailJob, StoreError,
    WaitingEmailJob,
};
use bellwether_testkit::{Reply, SmtpSink, Step};
use bellwether_worker::startup::JobOptions;
use bellwether_worker::{SendPredictionEmailJob, Sending};
use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use world::{PATIENCE, World, options, uid_of};

/// Set for the processes that are killed: the mail server's URL or the deadly job's uid, and the world's place.
const VICTIM: &str = "BELLWETHER_TEST_VICTIM";

fn well(_: Step<'_>) -> Reply {
    Reply::Usual
}

/// No test by itself: the process that another test starts and kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_to_be_killed() {
    let Ok(victim) = std::env::var(VICTIM) else { return };
    let (url, place) = victim.split_once('|').unwrap();
    let (_store, means) = world::open_place(place).await;
    let jobs = JobOptions { concurrency: 3, ..JobOptions::default() };
    let _worker = world::start(means, &options(url), jobs);
    std::future::pending::<()>().await;
}

on_each_queue! {
    what_a_killed_worker_held_is_sent_by_the_next_within_fifteen_seconds,
    a_job_that_kills_its_worker_is_parked_after_three_and_the_others_are_sent,
    a_queue_that_lost_all_is_refilled_from_the_table,
    rows_that_never_reached_the_queue_are_found,
    sends_wait_while_the_database_is_away_and_are_recorded_when_it_is_back,
}

async fn what_a_killed_worker_held_is_sent_by_the_next_within_fifteen_seconds(world: World) {
    let uids = world.order(10, &[]).await;
    let sink = SmtpSink::start(|step| match step.verb {
        "MESSAGE" => Reply::Hang,
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_worker_to_be_killed"])
        .env(VICTIM, format!("{}|{}", sink.url(), world.place()))
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

/// Ends the process that would send one email, and sends the rest to nobody.
struct Deadly {
    at: Uuid,
}

#[async_trait]
impl Mailer for Deadly {
    async fn send(&self, letter: &Letter) -> Result<Outcome, SendError> {
        if letter.uid == self.at {
            std::process::abort();
        }
        Ok(Outcome { delivered: letter.to.clone(), ..Outcome::default() })
    }

    async fn check(&self) -> Result<(), SendError> {
        Ok(())
    }
}

/// No test by itself: the process that one of its jobs kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_deadly_job() {
    let Ok(victim) = std::env::var(VICTIM) else { return };
    let (uid, place) = victim.split_once('|').unwrap();
    let (_store, means) = world::open_place(place).await;
    let sending = Sending {
        rate: None,
        mailer: Arc::new(Deadly { at: uid.parse().unwrap() }),
        addresses: AddressBook::new("a@example.org", &["ops@example.org".to_owned()]).unwrap(),
        timeout: Duration::from_secs(5),
        retry: RetryPolicy::default(),
    };
    let outbox = EmailOutbox::new(means.jobs, means.queue.clone(), means.clock.clone());
    let stop = CancellationToken::new();
    let job = SendPredictionEmailJob::new(outbox, sending, means.clock, means.chance, stop.clone());
    // One at a time: what is in flight beside the deadly job dies with it, and counts as having died.
    supervise(means.queue, "victim", Work::new(Arc::new(job), 1, stop), PATIENCE).await.unwrap();
}

async fn a_job_that_kills_its_worker_is_parked_after_three_and_the_others_are_sent(world: World) {
    let uids = world.order(12, &[]).await;
    let deadly = uids[5];
    let begun = Instant::now();
    for _ in 0..3 {
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim
            .args(["--exact", "a_worker_with_a_deadly_job"])
            .env(VICTIM, format!("{deadly}|{}", world.place()));
        let ended =
            tokio::process::Command::from(victim).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let ended = tokio::time::timeout(PATIENCE, ended).await.expect("the job kills its worker").unwrap();
        assert!(!ended.success(), "{ended}");
    }
    let sink = SmtpSink::start(well).await.unwrap();
    let worker = world.start(&sink.url());
    let parked = world.reaches(deadly, EmailJobState::Parked).await;
    println!("parked {:?} after the first of three deaths", begun.elapsed());
    assert!(parked.last_error.unwrap().contains("died or panicked 3 times"));
    for uid in uids.into_iter().filter(|uid| *uid != deadly) {
        world.reaches(uid, EmailJobState::Sent).await;
    }
    worker.stop().await.unwrap();
}

async fn a_queue_that_lost_all_is_refilled_from_the_table(mut world: World) {
    let uids = world.order(1_500, &[]).await;
    world.lose_queue().await;
    assert_eq!(world.means.queue.depth().await.unwrap().waiting, 0);
    let sink = SmtpSink::start(well).await.unwrap();
    let worker = world.start(&sink.url());
    let received = sink.receives(1_500, PATIENCE).await.unwrap();
    let arrived: HashSet<Uuid> = received.iter().map(|message| uid_of(&message.data)).collect();
    assert_eq!(arrived, uids.into_iter().collect());
    worker.stop().await.unwrap();
    assert_eq!(sink.received().len(), 1_500);
}

async fn rows_that_never_reached_the_queue_are_found(world: World) {
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

async fn sends_wait_while_the_database_is_away_and_are_recorded_when_it_is_back(mut world: World) {
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
