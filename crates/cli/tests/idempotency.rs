//! `Idempotency-Key`: a caller that repeats itself is not served twice.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::time::Duration;

use bellwether_core::config::EmailPolicy;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{ConfigStore as _, EmailJobs, NewConfigVersion, PredictionLog};
use bellwether_testkit::embedded::{Embedded, EmbeddedBuilder};
use bellwether_testkit::http;
use bellwether_testkit::wait::until;
use futures_util::future::join_all;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

async fn system(folder: &tempfile::TempDir) -> (Embedded, Sqlite) {
    let data = folder.path().join("data");
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &data).start();
    let path = data.join("prod/bellwether.sqlite");
    (system, Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap())
}

async fn post(system: &Embedded, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = http::client().post(format!("{}{path}", system.api)).header("idempotency-key", key);
    let response = request.json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn an_email_asked_for_many_times_under_one_key_is_one_job() {
    let folder = tempfile::tempdir().unwrap();
    let (system, database) = system(&folder).await;
    let body = json!({ "payload": { "client_id": "7", "prediction": 0.9, "high_risk": "yes" } });
    let asked = join_all((0..8).map(|_| post(&system, "/emails", "order-1", &body))).await;
    let (status, first) = &asked[0];
    assert_eq!(*status, 202, "{first}");
    assert!(asked.iter().all(|answer| *answer == (202, first.clone())), "{asked:?}");
    let (status, other) = post(&system, "/emails", "order-2", &body).await;
    assert_eq!(status, 202);
    assert_ne!(&other, first, "another key is another email");
    let changed = json!({ "payload": { "client_id": "8", "prediction": 0.9 } });
    let (status, problem) = post(&system, "/emails", "order-1", &changed).await;
    assert_eq!(status, 409, "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("Idempotency-Key: "), "{problem}");
    until("both are sent", SOON, async || database.counts().await.unwrap().sent == 2).await;
    let counts = database.counts().await.unwrap();
    assert_eq!((counts.sent, counts.queued, counts.parked), (2, 0, 0));
}

#[tokio::test]
async fn of_predictions_under_one_key_each_is_answered_and_logged_and_one_is_emailed() {
    let folder = tempfile::tempdir().unwrap();
    let (system, database) = system(&folder).await;
    let live = database.live("prod").await.unwrap().unwrap().readable().unwrap();
    let mut document = live.document;
    document.email = EmailPolicy::All;
    let new = NewConfigVersion {
        environment: "prod".to_owned(),
        parent: Some(live.version),
        document,
        author: "a test".to_owned(),
        reason: "to see".to_owned(),
        created_at: chrono::Utc::now(),
        provenance: None,
        stage_report: None,
    };
    database.append(new).await.unwrap();
    http::get(&format!("{}/config-refresh", system.api)).await.unwrap();
    let body = json!({ "client_id": "9", "xp_points": 3 });
    for _ in 0..3 {
        assert_eq!(post(&system, "/predict", "call-1", &body).await.0, 200);
    }
    let rows = json!([body, body]);
    assert_eq!(post(&system, "/predict/batch", "call-2", &rows).await.0, 200);
    assert_eq!(post(&system, "/predict/batch", "call-2", &rows).await.0, 200);
    until("all are logged", SOON, async || PredictionLog::count(&database).await.unwrap() == 7).await;
    // One for the first key, one for each row of the batch.
    until("three are sent", SOON, async || database.counts().await.unwrap().sent == 3).await;
    let counts = database.counts().await.unwrap();
    assert_eq!((counts.queued, counts.retrying, counts.parked), (0, 0, 0));
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (system, _) = system(&folder).await;
    for key in ["", " ", "tab\there", &"x".repeat(256)] {
        let (status, problem) = post(&system, "/predict", key, &json!({ "xp_points": 3 })).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("Idempotency-Key")), "{key:?}");
    }
}
