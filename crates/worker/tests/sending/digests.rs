//! The daily digest of those at high risk: one a day, however many workers; whom it lists is read as it is sent.

use std::sync::Arc;

use bellwether_core::config::{ConfigDocument, Percentage};
use bellwether_core::prediction::LogRecord;
use bellwether_core::treatment::{Treatment, assign};
use bellwether_jobs::order_flagged_digest;
use bellwether_store::{Clock, ConfigStore, EmailJobState, EmailJobs as _, NewConfigVersion, PredictionLog};
use bellwether_testkit::{Reply, SmtpSink};
use bellwether_worker::startup::{JobOptions, WorkerService};
use bellwether_worker::{DigestSchedule, DigestSource};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::well;
use crate::world::{PATIENCE, Worker, World, options, uid_of};

fn at_risk(client: &str, ltv: f64) -> LogRecord {
    let record = json!({
        "schema": 1, "environment": "local", "replica": "a", "logging_timestamp": Utc::now(), "client_id": client,
        "input": {}, "scores": {}, "heuristic": 0.5, "arm": "m",
        "output": {
            "uid": Uuid::now_v7(), "prediction": 0.9, "high_risk": "yes", "ltv": ltv, "recent_times_id_seen": 0,
            "response_time": 0.001, "treatment": "model", "model": "m", "config_version": 1,
        },
    });
    serde_json::from_value(record).unwrap()
}

/// Half of the clients are held out, and a recipient is named.
async fn config(world: &World) -> ConfigDocument {
    let document = ConfigDocument {
        holdout_percentage: Percentage::try_from(50.0).unwrap(),
        email_recipients: Some(vec!["desk@example.org".to_owned()]),
        ..ConfigDocument::initial("m")
    };
    let new = NewConfigVersion {
        environment: "local".to_owned(),
        parent: None,
        document: document.clone(),
        author: "a test".to_owned(),
        reason: "to see".to_owned(),
        created_at: Utc::now(),
        provenance: None,
        stage_report: None,
    };
    world.store.append(new).await.unwrap();
    document
}

fn source(world: &World) -> DigestSource {
    DigestSource {
        standings: world.store.clone(),
        configs: world.store.clone(),
        max_age: TimeDelta::days(30),
        public_url: Some("https://predict.example.org/".to_owned()),
    }
}

/// A schedule that is due all day long.
fn schedule(world: &World) -> DigestSchedule {
    DigestSchedule {
        at: NaiveTime::MIN,
        environment: "local".to_owned(),
        configs: world.store.clone(),
        clock: Arc::new(Noon),
    }
}

/// One day that does not end amid a test.
fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 30).unwrap()
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        day().and_hms_opt(12, 0, 0).unwrap().and_utc()
    }
}

fn start(world: &World, url: &str, schedule: Option<DigestSchedule>) -> Worker {
    let service = WorkerService::build(world.means.clone(), &options(url), JobOptions::default()).unwrap();
    Worker::of(service.with_digests(source(world), schedule))
}

async fn order(world: &World, day: NaiveDate, again: bool) -> Option<Uuid> {
    order_flagged_digest(&world.outbox(), world.store.as_ref(), "local", day, again).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_workers_one_sends_the_day_s_digest_and_it_lists_no_one_who_is_held_out() {
    let world = World::new().await;
    let sink = SmtpSink::start(well).await.unwrap();
    let document = config(&world).await;
    let records: Vec<_> =
        (0..120).map(|n| at_risk(&format!("client-{n:03}"), f64::from(1_000 - n))).collect();
    PredictionLog::insert(world.store.as_ref(), &records).await.unwrap();
    let listed: Vec<_> = records
        .iter()
        .filter_map(|record| record.client_id.as_deref())
        .filter(|client| assign(&document, client).treatment != Treatment::Holdout)
        .collect();
    let workers: Vec<_> = (0..3).map(|_| start(&world, &sink.url(), Some(schedule(&world)))).collect();
    let received = sink.receives(1, PATIENCE).await.unwrap().remove(0);
    world.reaches(uid_of(&received.data), EmailJobState::Sent).await;
    assert_eq!(received.to, ["desk@example.org"]);
    let told = |client: &str| received.data.contains(&format!(". {client}: 90.00 %"));
    assert!(listed.len() > 50 && listed[..50].iter().all(|client| told(client)), "{}", received.data);
    let others = records.iter().filter_map(|record| record.client_id.as_deref());
    assert!(others.filter(|client| !listed[..50].contains(client)).all(|client| !told(client)));
    assert!(
        received.data.contains(&format!("{} clients are at high risk", listed.len())),
        "{}",
        received.data
    );
    assert!(received.data.contains("The whole list: https://predict.example.org/model_interface/flagged"));

    // Neither a worker that starts later that day nor an operator orders another, unless it is asked for.
    let later = start(&world, &sink.url(), Some(schedule(&world)));
    assert_eq!(order(&world, day(), false).await, None);
    let again = order(&world, day(), true).await.unwrap();
    world.reaches(again, EmailJobState::Sent).await;
    for worker in workers.into_iter().chain([later]) {
        worker.stop().await.unwrap();
    }
    assert_eq!(sink.received().len(), 2, "{:?}", world.store.counts().await.unwrap());
}

/// A job holds nobody's name, so whoever is erased before it is sent is not in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_was_put_off_lists_whom_there_is_when_it_is_taken() {
    let world = World::new().await;
    let document = config(&world).await;
    let named = (0..40).map(|n| format!("client-{n:03}"));
    let named: Vec<_> =
        named.filter(|client| assign(&document, client).treatment != Treatment::Holdout).take(2).collect();
    let (stays, goes) = (&named[0], &named[1]);
    PredictionLog::insert(world.store.as_ref(), &[at_risk(stays, 1.0), at_risk(goes, 2.0)]).await.unwrap();
    let sink = SmtpSink::start(|step| match step.verb {
        "RCPT" => Reply::Say("451 4.7.1 not now"),
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let uid = order(&world, day(), false).await.unwrap();
    assert!(!world.job(uid).await.payload.contains("client-"), "no client is in the job");
    let worker = start(&world, &sink.url(), None);
    world.becomes(uid, |job| job.state == EmailJobState::Retrying).await;
    world.store.erase_predictions(goes).await.unwrap();
    sink.behave(well);
    let job = world.reaches(uid, EmailJobState::Sent).await;
    worker.stop().await.unwrap();
    let received = sink.received();
    assert_eq!(received.len(), 1);
    assert!(job.attempts > 1 && received[0].data.contains(stays.as_str()), "{}", received[0].data);
    assert!(!received[0].data.contains(goes.as_str()), "{}", received[0].data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_writes_no_digests_leaves_them_to_one_that_does() {
    let world = World::new().await;
    config(&world).await;
    let sink = SmtpSink::start(well).await.unwrap();
    let uid = order(&world, day(), false).await.unwrap();
    let worker = world.start(&sink.url());
    let job = world.becomes(uid, |job| job.state == EmailJobState::Retrying).await;
    worker.stop().await.unwrap();
    assert_eq!((job.attempts, sink.received().len()), (0, 0), "nothing was tried");
    assert!(job.last_error.unwrap().contains("writes no digests"));
}

#[tokio::test]
async fn without_a_config_that_says_to_whom_nothing_is_ordered() {
    let world = World::new().await;
    let outbox = world.outbox();
    let configs: Arc<dyn ConfigStore> = world.store.clone();
    let error = order_flagged_digest(&outbox, configs.as_ref(), "local", day(), false).await.unwrap_err();
    assert!(error.to_string().contains("none is live in `local`"), "{error}");
    assert_eq!(world.store.counts().await.unwrap().queued, 0);
}
