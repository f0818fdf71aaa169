//! Emails on their way to a mail server that behaves, and to one that does not.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

#[path = "sending/digests.rs"]
mod digests;
#[macro_use]
mod world;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_jobs::{Handled, JobHandler, RetryPolicy, Ticket, Work, supervise};
use bellwether_mail::{AddressBook, FolderMailer, Letter, Mailer, Outcome, SendError};
use bellwether_store::{EmailJobState, EmailJobs};
use bellwether_testkit::{Reply, SmtpSink, Step};
use bellwether_worker::startup::JobOptions;
use bellwether_worker::{SendPredictionEmailJob, Sending};
use chrono::{TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use world::{PATIENCE, World, options, uid_of};

fn well(_: Step<'_>) -> Reply {
    Reply::Usual
}

on_each_queue! {
    what_is_ordered_arrives_once_however_often_it_is_ordered,
    a_greylisted_email_waits_and_arrives,
    a_job_that_panics_is_parked_after_three_times_and_the_others_go_on,
}

async fn what_is_ordered_arrives_once_however_often_it_is_ordered(world: World) {
    let sink = SmtpSink::start(well).await.unwrap();
    let emails: Vec<_> = (0..50).map(|n| world::email(&format!("c-{n}"), &[])).collect();
    let outbox = world.outbox();
    let worker = world.start(&sink.url());
    for _ in 0..3 {
        outbox.order(&emails).await.unwrap();
    }
    let received = sink.receives(50, PATIENCE).await.unwrap();
    for email in &emails {
        world.reaches(email.uid, EmailJobState::Sent).await;
    }
    outbox.order(&emails).await.unwrap();
    worker.stop().await.unwrap();
    let uids: HashSet<Uuid> = sink.received().iter().map(|message| uid_of(&message.data)).collect();
    assert_eq!((sink.received().len(), uids.len()), (50, 50));
    assert_eq!(received[0].to, ["ops@example.org"]);
    assert_eq!(received[0].from, "bellwether@example.org");
    assert_eq!(world.job(emails[0].uid).await.attempts, 1);
}

async fn a_greylisted_email_waits_and_arrives(world: World) {
    let sink = SmtpSink::start(|step| match (step.verb, step.times) {
        ("RCPT", 1 | 2) => Reply::Say("451 4.7.1 greylisted"),
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let ordered = Utc::now();
    let uid = world.order(1, &[]).await[0];
    let worker = world.start(&sink.url());
    let retried = world.becomes(uid, |job| job.state == EmailJobState::Retrying).await;
    assert!(retried.last_error.unwrap().contains("greylisted"));
    assert!(retried.next_attempt_at.unwrap() >= ordered + TimeDelta::seconds(1));
    let job = world.reaches(uid, EmailJobState::Sent).await;
    assert_eq!(job.attempts, 3);
    assert!(job.sent_at.unwrap() >= ordered + TimeDelta::seconds(2), "two waits of a second or more");
    worker.stop().await.unwrap();
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_recipient_is_named_and_the_others_have_it() {
    let world = World::new().await;
    let sink = SmtpSink::start(|step| match (step.verb, step.argument) {
        ("RCPT", "gone@example.org") => Reply::Say("550 5.1.1 no such user"),
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let uid = world.order(1, &["a@example.org", "gone@example.org", "b@example.org"]).await[0];
    let worker = world.start(&sink.url());
    let job = world.reaches(uid, EmailJobState::Parked).await;
    let why = job.last_error.unwrap();
    assert!(why.contains("gone@example.org") && why.contains("no such user"), "{why}");
    assert_eq!(job.attempts, 1);
    assert_eq!(sink.received()[0].to, ["a@example.org", "b@example.org"]);

    // Requeued, it goes to the one who lacks it, and to no one twice.
    sink.behave(well);
    assert!(world.outbox().requeue(uid).await.unwrap());
    world.reaches(uid, EmailJobState::Sent).await;
    worker.stop().await.unwrap();
    let received = sink.received();
    assert_eq!((received.len(), received[1].to.clone()), (2, vec!["gone@example.org".to_owned()]));
    assert!(!world.outbox().requeue(uid).await.unwrap(), "only what is parked is requeued");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_parked_with_the_servers_words() {
    let world = World::new().await;
    let sink = SmtpSink::start(|step| match step.verb {
        "MESSAGE" => Reply::Say("554 5.7.1 looks like spam"),
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let uid = world.order(1, &[]).await[0];
    let worker = world.start(&sink.url());
    let job = world.reaches(uid, EmailJobState::Parked).await;
    assert!(job.last_error.unwrap().contains("looks like spam"));
    worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_gets_every_email_and_no_attempt_is_counted() {
    let world = World::new().await;
    let away = SmtpSink::start(well).await.unwrap();
    let (address, url) = (away.address(), away.url());
    away.stop().await;
    let uids = world.order(200, &[]).await;
    let worker = world.start(&url);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let counts = world.store.counts().await.unwrap();
    assert_eq!((counts.retrying, counts.parked, counts.sent), (0, 0, 0), "{counts:?}");
    let waiting = world.one_in(EmailJobState::Sending).await.uid;
    let waits = world.becomes(waiting, |job| job.last_error.is_some()).await;
    assert!(waits.last_error.unwrap().contains("cannot reach the mail server"));

    let back = SmtpSink::start_at(address, well).await.unwrap();
    let returned = tokio::time::Instant::now();
    let received = back.receives(200, PATIENCE).await.unwrap();
    println!("200 emails within {:?} of the server's return", returned.elapsed());
    let arrived: HashSet<Uuid> = received.iter().map(|message| uid_of(&message.data)).collect();
    assert_eq!(arrived, uids.iter().copied().collect());
    for uid in uids {
        assert_eq!(world.reaches(uid, EmailJobState::Sent).await.attempts, 1);
    }
    worker.stop().await.unwrap();
    assert_eq!(back.received().len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stops_at_once_while_the_server_is_away_and_loses_nothing() {
    let world = World::new().await;
    let away = SmtpSink::start(well).await.unwrap();
    let (address, url) = (away.address(), away.url());
    away.stop().await;
    world.order(20, &[]).await;
    let worker = world.start(&url);
    world.one_in(EmailJobState::Sending).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = tokio::time::Instant::now();
    worker.stop().await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(5));
    let counts = world.store.counts().await.unwrap();
    assert_eq!((counts.queued, counts.sending), (20, 0), "given back: {counts:?}");

    let back = SmtpSink::start_at(address, well).await.unwrap();
    let worker = world.start(&url);
    assert_eq!(back.receives(20, PATIENCE).await.unwrap().len(), 20);
    worker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_left_and_its_answers_are_not_mixed_up() {
    let world = World::new().await;
    // Takes the text, and says nothing: lettre's own pool would keep this connection, and read the answer
    // it owes as the answer to the next letter.
    let sink = SmtpSink::start(|step| match (step.verb, step.times) {
        ("MESSAGE", _) if step.argument.contains("client-hang") => Reply::Hang,
        ("RCPT", _) if step.argument == "gone@example.org" => Reply::Say("550 no such user"),
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let mut email = options(&sink.url());
    email.timeout = Duration::from_secs(1);
    let jobs = JobOptions { concurrency: 1, ..JobOptions::default() };
    let hanging = world::email("client-hang", &[]);
    let refused = world::email("client-refused", &["gone@example.org"]);
    world.outbox().order(&[hanging.clone(), refused.clone()]).await.unwrap();
    let worker = world.start_with(&email, jobs);
    let retried = world.reaches(hanging.uid, EmailJobState::Retrying).await;
    assert!(retried.last_error.unwrap().contains("longer than 1s"));
    let job = world.reaches(refused.uid, EmailJobState::Parked).await;
    assert!(job.last_error.unwrap().contains("gone@example.org"));
    sink.behave(well);
    world.reaches(hanging.uid, EmailJobState::Sent).await;
    worker.stop().await.unwrap();
    assert_eq!(sink.received().len(), 1);
}

/// Panics at one uid, and keeps the rest.
struct Bomb {
    at: Uuid,
    sent: tokio::sync::mpsc::UnboundedSender<Uuid>,
}

#[async_trait]
impl Mailer for Bomb {
    async fn send(&self, letter: &Letter) -> Result<Outcome, SendError> {
        assert!(letter.uid != self.at, "boom");
        self.sent.send(letter.uid).ok();
        Ok(Outcome { delivered: letter.to.clone(), ..Outcome::default() })
    }

    async fn check(&self) -> Result<(), SendError> {
        Ok(())
    }
}

fn job(world: &World, mailer: Arc<dyn Mailer>, stop: CancellationToken) -> SendPredictionEmailJob {
    let sending = Sending {
        rate: None,
        mailer,
        addresses: AddressBook::new("a@example.org", &["ops@example.org".to_owned()]).unwrap(),
        timeout: Duration::from_secs(5),
        retry: RetryPolicy::default(),
    };
    SendPredictionEmailJob::new(world.outbox(), sending, world::clock(), world::no_jitter(), stop)
}

async fn a_job_that_panics_is_parked_after_three_times_and_the_others_go_on(world: World) {
    let uids = world.order(20, &[]).await;
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let bomb = Bomb { at: uids[3], sent: sender };
    let stop = CancellationToken::new();
    let handler = Arc::new(job(&world, Arc::new(bomb), stop.clone()));
    let work = Work::new(handler, 2, stop.clone());
    let queue = world.means.queue.clone();
    let worker = tokio::spawn(async move { supervise(queue, "test", work, PATIENCE).await });
    for _ in 0..19 {
        assert_ne!(sent.recv().await.unwrap(), uids[3]);
    }
    let parked = world.reaches(uids[3], EmailJobState::Parked).await;
    assert_eq!(parked.attempts, 3);
    assert!(parked.last_error.unwrap().contains("boom"));
    stop.cancel();
    worker.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_job_whose_workers_died_three_times_is_parked_unsent() {
    let world = World::new().await;
    let uid = world.order(1, &[]).await[0];
    // Three workers that claimed it and were never heard of again.
    let mut now = Utc::now();
    for _ in 0..3 {
        world.store.claim(uid, 0, now, now + TimeDelta::milliseconds(1)).await.unwrap();
        now += TimeDelta::milliseconds(2);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let bomb = Bomb { at: Uuid::nil(), sent: sender };
    let job = job(&world, Arc::new(bomb), CancellationToken::new());
    assert_eq!(job.handle(Ticket::new(uid, 0)).await, Handled::Finished);
    let parked = world.job(uid).await;
    assert_eq!(parked.state, EmailJobState::Parked);
    assert!(parked.last_error.unwrap().contains("died or panicked 3 times"));
    assert!(sent.try_recv().is_err());
}

#[tokio::test]
async fn a_ticket_delivered_again_sends_nothing_again() {
    let world = World::new().await;
    let uid = world.order(1, &[]).await[0];
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let bomb = Bomb { at: Uuid::nil(), sent: sender };
    let job = job(&world, Arc::new(bomb), CancellationToken::new());
    for _ in 0..3 {
        assert_eq!(job.handle(Ticket::new(uid, 0)).await, Handled::Finished);
    }
    assert_eq!(sent.recv().await.unwrap(), uid);
    assert!(sent.try_recv().is_err());
    // A stale turn, and a job that was erased.
    assert_eq!(job.handle(Ticket::new(uid, 9)).await, Handled::Finished);
    assert_eq!(job.handle(Ticket::new(Uuid::now_v7(), 0)).await, Handled::Finished);
}

/// Takes nothing, now.
struct Busy;
#[async_trait]
impl Mailer for Busy {
    async fn send(&self, _: &Letter) -> Result<Outcome, SendError> {
        Err(SendError::Transient("452 full".to_owned()))
    }

    async fn check(&self) -> Result<(), SendError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_job_past_its_time_is_parked_with_the_last_reason() {
    let world = World::new().await;
    let email = world::email("c", &[]);
    let long_ago = Utc::now() - TimeDelta::hours(25);
    let row = bellwether_store::NewEmailJob {
        uid: email.uid,
        client_id: None,
        dedupe_key: None,
        payload: serde_json::to_string(&email).unwrap(),
    };
    world.store.insert(&[row], long_ago).await.unwrap();
    let job = job(&world, Arc::new(Busy), CancellationToken::new());
    job.handle(Ticket::new(email.uid, 0)).await;
    let parked = world.job(email.uid).await;
    assert_eq!(parked.state, EmailJobState::Parked);
    assert!(parked.last_error.unwrap().contains("452 full"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_gets_one_whole_file_for_each_email() {
    let world = World::new().await;
    let outbox = world.folder.path().join("out box");
    let url = format!("file://{}", outbox.display().to_string().replace(' ', "%20"));
    let uids = world.order(5, &[]).await;
    let worker = world.start(&url);
    for uid in &uids {
        world.reaches(*uid, EmailJobState::Sent).await;
        let file = std::fs::read_to_string(outbox.join(format!("{uid}.eml"))).unwrap();
        assert_eq!(uid_of(&file.replace("\r\n", "\n")), *uid);
    }
    worker.stop().await.unwrap();
    let mailer = FolderMailer::new(outbox.clone());
    let letter = Letter {
        uid: uids[0],
        from: "a@example.org".parse().unwrap(),
        to: Vec::new(),
        bytes: b"again".to_vec(),
    };
    mailer.send(&letter).await.unwrap();
    assert_eq!(std::fs::read(outbox.join(format!("{}.eml", uids[0]))).unwrap(), b"again");
    assert_eq!(std::fs::read_dir(&outbox).unwrap().count(), 5);
}
