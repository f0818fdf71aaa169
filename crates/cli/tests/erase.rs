//! `bellwether erase`: nothing is left of a client, not even what a replica had answered and not yet written down.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod command;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::prediction::LogRecord;
use bellwether_store::archive::{ArchiveStore as _, FolderArchive};
use bellwether_store::redis::{RedisOptions, RedisServer, RedisSightings};
use bellwether_store::sqlite::Sqlite;
use bellwether_store::{
    ClientRow, Clients, EmailJobs, LoginDetails, NewEmailJob, Outcome, Outcomes as _, PredictionLog,
    ReplicaReport, Replicas as _, Sightings as _, Standings as _,
};
use bellwether_testkit::embedded::EmbeddedBuilder;
use bellwether_testkit::http::client;
use bellwether_testkit::redis::RedisProcess;
use bellwether_testkit::wait::until;
use chrono::{DateTime, TimeDelta, Utc};
use command::{System, run};
use serde_json::{Value, json};
use uuid::Uuid;

fn record(client: &str) -> LogRecord {
    let record = json!({
        "schema": 1, "environment": "prod", "replica": "a", "logging_timestamp": Utc::now(), "client_id": client,
        "input": { "client_id": client }, "scores": {}, "heuristic": 0.5, "arm": "m",
        "output": {
            "uid": Uuid::now_v7(), "prediction": 0.5, "high_risk": "no", "ltv": 0.0, "recent_times_id_seen": 0,
            "response_time": 0.001, "treatment": "model", "model": "m", "config_version": 1,
        },
    });
    serde_json::from_value(record).unwrap()
}

/// Two predictions, an outcome, features and an email job.
async fn fill(database: &Sqlite, client: &str) {
    PredictionLog::insert(database, &[record(client), record(client)]).await.unwrap();
    let outcome = Outcome {
        client_id: client.to_owned(),
        id: "left".to_owned(),
        churned: Some(true),
        occurred_at: Utc::now(),
        corrected_at: Utc::now(),
    };
    database.record_outcomes(&[outcome]).await.unwrap();
    let row = ClientRow { client_id: client.to_owned(), ltv: Some(3.0), features: serde_json::Map::new() };
    database.upsert(&[row]).await.unwrap();
    let job = NewEmailJob {
        uid: Uuid::now_v7(),
        client_id: Some(client.to_owned()),
        dedupe_key: None,
        payload: "{}".to_owned(),
    };
    EmailJobs::insert(database, &[job], Utc::now()).await.unwrap();
}

fn replica(name: &str, at: DateTime<Utc>, journal_oldest_at: Option<DateTime<Utc>>) -> ReplicaReport {
    ReplicaReport {
        environment: "prod".to_owned(),
        replica: name.to_owned(),
        version: Some(1),
        sha256: None,
        bundles: BTreeMap::new(),
        refused: None,
        journal_oldest_at,
        traffic: None,
        started_at: at,
        at,
    }
}

async fn predictions(database: &Sqlite, client: &str) -> usize {
    database.of_client(client, 10).await.unwrap().len()
}

#[tokio::test]
async fn a_client_is_erased_everywhere_and_the_others_stay() {
    let system = System::migrated().await;
    fill(&system.database, "them").await;
    fill(&system.database, "others").await;
    let ran = system.run(&["erase", "--client-id", "them"], "n\n");
    assert!(!ran.ok && ran.err.contains("Nothing was done"), "{ran:?}");
    assert_eq!(predictions(&system.database, "them").await, 2);
    let ran = run(system.command_by_settings(&["erase", "--client-id", "them", "--yes", "--json"]), "");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let removed = json!({
        "predictions": 2, "outcomes": 1, "features": 1, "email_jobs": 1, "sightings": 0, "archived_records": 0,
    });
    assert_eq!((ran.ok, &told["removed"], &told["complete"]), (true, &removed, &json!(true)), "{ran:?}");
    assert_eq!(predictions(&system.database, "them").await, 0);
    assert_eq!(system.database.outcomes_of("them").await.unwrap(), []);
    assert_eq!(system.database.standing_of("them").await.unwrap(), None);
    assert_eq!(system.database.features("them").await.unwrap(), None);
    assert_eq!(system.database.ltv("them").await.unwrap(), None);
    assert_eq!(predictions(&system.database, "others").await, 2);
    assert_eq!(system.database.outcomes_of("others").await.unwrap().len(), 1);
    assert!(system.database.standing_of("others").await.unwrap().is_some());
    assert!(system.database.features("others").await.unwrap().is_some());
    assert_eq!(system.database.counts().await.unwrap().queued, 1);
    let ran = run(system.command_by_settings(&["erase", "--client-id", "them", "--yes"]), "");
    assert!(ran.ok && ran.out.contains("No replica reports"), "{ran:?}");
    assert!(!ran.out.contains("them") && !ran.err.contains("them"), "the id is nowhere told: {ran:?}");
}

#[tokio::test]
async fn archived_records_are_erased_and_a_damaged_object_is_told() {
    let system = System::migrated().await;
    let archive = FolderArchive::new(system.data().join("prod/archive"));
    let object = |name: &str| format!("prod/dt=2026-11-29/hour=09/{name}.ndjson.zst");
    let lines = ["them", "others"].map(|client| serde_json::to_string(&record(client)).unwrap() + "\n");
    let bytes = zstd::encode_all(lines.concat().as_bytes(), 3).unwrap();
    archive.put(&object("a"), bytes).await.unwrap();
    let ran = system.run(&["erase", "--client-id", "them", "--yes", "--json"], "");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.ok, &told["removed"]["archived_records"]), (true, &json!(1)), "{ran:?}");
    let left = zstd::decode_all(archive.get(&object("a")).await.unwrap().unwrap().as_slice()).unwrap();
    assert_eq!(String::from_utf8(left).unwrap(), lines[1]);
    archive.put(&object("b"), b"damaged".to_vec()).await.unwrap();
    let ran = system.run(&["erase", "--client-id", "them", "--yes"], "");
    assert!(!ran.ok && ran.out.contains(&object("b")) && ran.out.contains("NOT complete"), "{ran:?}");
}

#[tokio::test]
async fn what_a_replica_still_held_is_waited_for_and_erased_too() {
    let system = System::migrated().await;
    let database = &system.database;
    fill(database, "them").await;
    let now = Utc::now();
    database.report(&replica("api-0", now, Some(now - TimeDelta::seconds(1)))).await.unwrap();
    let erase = system.command_by_settings(&["erase", "--client-id", "them", "--yes", "--json"]);
    let erasing = tokio::task::spawn_blocking(move || run(erase, ""));
    until("the first pass is over", Duration::from_secs(30), async || {
        predictions(database, "them").await == 0
    })
    .await;
    // The replica writes down what it had answered, and says later that it did.
    PredictionLog::insert(database, &[record("them")]).await.unwrap();
    database.report(&replica("api-0", Utc::now() + TimeDelta::seconds(10), None)).await.unwrap();
    let ran = erasing.await.unwrap();
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(ran.ok, "{ran:?}");
    assert_eq!(told["removed"]["predictions"], 3, "{told}");
    assert_eq!(told["replicas"], json!([{ "replica": "api-0", "standing": "passed" }]));
    assert_eq!(predictions(database, "them").await, 0);
}

#[tokio::test]
async fn a_replica_that_is_silent_or_stays_behind_is_told_and_fails_the_command() {
    let system = System::migrated().await;
    let now = Utc::now();
    system.database.report(&replica("gone", now - TimeDelta::hours(1), None)).await.unwrap();
    system.database.report(&replica("stuck", now + TimeDelta::hours(1), Some(now))).await.unwrap();
    let ran = system.run(&["erase", "--client-id", "them", "--yes", "--wait", "300ms"], "");
    assert!(!ran.ok && ran.out.contains("NOT complete"), "{ran:?}");
    assert!(ran.out.contains("replica gone: SILENT since"), "{ran:?}");
    assert!(ran.out.contains("replica stuck: BEHIND"), "{ran:?}");
}

#[tokio::test]
async fn what_a_running_system_answered_logged_and_archived_is_erased() {
    const SOON: Duration = Duration::from_secs(60);
    let folder = tempfile::tempdir().unwrap();
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data"))
        .variable("BELLWETHER__ARCHIVE__BATCH_SECONDS", "5")
        .start();
    for name in ["them", "others"] {
        let body = json!({ "client_id": name, "xp_points": 18.2 });
        let answer = client().post(format!("{}/predict", system.api)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let database = command::open(system.data()).await;
    until("both are logged", SOON, async || PredictionLog::count(&database).await.unwrap() == 2).await;
    // They are not archived yet, or only just: the command waits for the journal to have let go of them.
    let data = system.data().to_owned();
    let erase = tokio::task::spawn_blocking(move || {
        let mut erase = command::command(&["erase", "--client-id", "them", "--yes", "--json", "--data-dir"]);
        erase.arg(data);
        run(erase, "")
    });
    let ran = erase.await.unwrap();
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(ran.ok && told["replicas"][0]["standing"] == "passed", "{ran:?}");
    let removed = ["predictions", "archived_records"].map(|place| told["removed"][place].as_u64().unwrap());
    assert_eq!(removed, [1, 1], "{told}");
    assert_eq!(predictions(&database, "them").await, 0);
    assert_eq!(predictions(&database, "others").await, 1);
}

#[tokio::test]
async fn sightings_in_redis_are_erased_and_a_redis_that_is_away_fails_the_command_and_nothing_else() {
    const MINUTE: Duration = Duration::from_secs(60);
    let system = System::migrated().await;
    let mut redis = RedisProcess::start();
    let options = RedisOptions {
        prefix: "bellwether:prod".to_owned(),
        budget: Duration::from_secs(2),
        ..RedisOptions::default()
    };
    let server = RedisServer::connect(Arc::new(LoginDetails::of_url(redis.url())), options).await.unwrap();
    let sightings = RedisSightings::open(server).await;
    assert_eq!(sightings.see("them", MINUTE, Utc::now()).await, Some(0));
    let url = redis.url();
    let erase = || {
        let mut command = system.command_by_settings(&["erase", "--client-id", "them", "--yes", "--json"]);
        command.env("BELLWETHER__REDIS__URL", &url);
        run(command, "")
    };
    let ran = erase();
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.ok, &told["removed"]["sightings"]), (true, &json!(1)), "{ran:?}");
    assert_eq!(sightings.see("them", MINUTE, Utc::now()).await, Some(0), "they are a stranger again");
    redis.kill();
    fill(&system.database, "them").await;
    let ran = erase();
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(!ran.ok && told["failed"]["sightings"].as_str().unwrap().contains("redis.url"), "{ran:?}");
    assert_eq!((&told["removed"]["predictions"], &told["complete"]), (&json!(2), &json!(false)), "{ran:?}");
}

#[tokio::test]
async fn an_id_that_no_client_can_have_is_refused() {
    let system = System::migrated().await;
    let ran = system.run(&["erase", "--client-id", "", "--yes"], "");
    assert!(!ran.ok && ran.err.contains("1 to 128 characters"), "{ran:?}");
}
