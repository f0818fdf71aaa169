//! The first command, as a newcomer meets it: it starts, prints a request that works, and what was
//! answered is logged, archived and emailed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::process::Command;
use std::time::Duration;

use bellwether_core::config::{ConfigDocument, EmailPolicy, Origin, Provenance};
use bellwether_store::console::{AuditLog as _, verify_audit};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{ConfigStore as _, NewConfigVersion, PredictionLog as _};
use bellwether_testkit::embedded::{Embedded, EmbeddedBuilder};
use bellwether_testkit::http;
use bellwether_testkit::wait::until;

use serde_json::{Value, json};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(30);

fn builder(folder: &tempfile::TempDir) -> EmbeddedBuilder {
    EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data"))
}

async fn predict(system: &Embedded, client: &str) -> Value {
    let body = json!({ "client_id": client, "xp_points": 18.2, "acquired_date": "2015-06-09" });
    let response = http::client().post(format!("{}/predict", system.api)).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn get(system: &Embedded, path: &str) -> (u16, Value) {
    let response = http::client().get(format!("{}{path}", system.api)).send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn database(system: &Embedded) -> Sqlite {
    let path = system.data().join("prod/bellwether.sqlite");
    Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap()
}

/// Makes a changed document live, as the console will.
async fn change_config(system: &Embedded, change: impl FnOnce(&mut ConfigDocument)) -> u64 {
    let database = database(system).await;
    let live = database.live("prod").await.unwrap().unwrap().readable().unwrap();
    let mut document = live.document;
    change(&mut document);
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
    let version = database.append(new).await.unwrap().version;
    let (status, _) = get(system, "/config-refresh").await;
    assert_eq!(status, 200);
    version
}

#[tokio::test]
async fn the_curl_line_it_prints_answers() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    let curl = system.printed.lines().find(|line| line.contains("curl ")).unwrap();
    let output = Command::new("sh").args(["-c", curl]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["prediction"].is_number(), "{answer}");
    assert!(answer["ltv"].as_f64().unwrap() > 0.0, "sample clients have a lifetime value: {answer}");
    assert_eq!(answer["recent_times_id_seen"], 0, "{answer}");
    assert_eq!(answer["treatment"], "model");
    assert_eq!(answer["config_version"], 1);
}

#[tokio::test]
async fn the_first_version_and_the_first_user_say_where_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    let database = database(&system).await;
    let first = database.version("prod", 1).await.unwrap().unwrap();
    assert_eq!(first.provenance, Some(Provenance::of(Origin::Initial)));
    let line = database.lines(0, 10).await.unwrap().remove(0);
    assert_eq!([&*line.actor, &*line.action, &*line.subject], ["bellwether", "user.added", "user admin"]);
    assert_eq!(line.detail, r#"{"email":null,"role":"admin"}"#);
    assert_eq!(verify_audit(&database).await.unwrap().lines, 1);
}

#[tokio::test]
async fn health_readiness_docs_and_metrics_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    for path in ["/", "/health"] {
        assert_eq!(get(&system, path).await, (200, json!("app is healthy")));
    }
    assert_eq!(get(&system, "/ready").await.0, 200);
    let response = http::client().get(format!("{}/health", system.api)).send().await.unwrap();
    for header in ["x-request-id", "x-content-type-options", "content-security-policy"] {
        assert!(response.headers().contains_key(header), "{header} is missing");
    }
    assert_eq!(get(&system, "/openapi.json").await.1["openapi"], "3.1.0");
    predict(&system, "100001").await;
    let (status, metrics) = get(&system, "/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.as_str().unwrap().contains("bellwether_predictions_total{"), "{metrics}");
    let (status, page) = get(&system, "/docs").await;
    assert_eq!(status, 200);
    assert!(page.as_str().unwrap().contains("/predict/batch"));
    assert!(!page.as_str().unwrap().contains("src="), "the page loads nothing");
}

#[tokio::test]
async fn a_start_on_a_version_that_cannot_be_used_comes_up_on_the_last_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    change_config(&system, |document| document.proba_cutoff = 7.0).await;
    assert!(system.terminate().success());
    let migrate = Command::new(env!("CARGO_BIN_EXE_bellwether"))
        .args(["migrate", "--data-dir"])
        .arg(folder.path().join("data"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&migrate.stdout);
    assert!(migrate.status.success(), "{}", String::from_utf8_lossy(&migrate.stderr));
    assert!(told.contains("config version 2 is refused: proba_cutoff: "), "{told}");
    let system = builder(&folder).start();
    assert_eq!(get(&system, "/ready").await.0, 200);
    assert_eq!(predict(&system, "100001").await["config_version"], 1);
    assert_eq!(get(&system, "/config").await.1["refused"]["version"], 2);
}

#[tokio::test]
async fn a_prediction_reaches_the_log_the_archive_and_the_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).variable("BELLWETHER__ARCHIVE__BATCH_SECONDS", "1").start();
    change_config(&system, |document| document.email = EmailPolicy::All).await;
    let answer = predict(&system, "100002").await;
    let uid: Uuid = answer["uid"].as_str().unwrap().parse().unwrap();
    let log = database(&system).await;
    until("the log has it", SOON, async || log.find(uid).await.unwrap().is_some()).await;
    assert_eq!(log.find(uid).await.unwrap().unwrap().client_id.as_deref(), Some("100002"));
    let email = system.data().join(format!("outbox/{uid}.eml"));
    until("the email is written", SOON, async || email.exists()).await;
    assert!(std::fs::read_to_string(email).unwrap().contains(&uid.to_string()));
    until("the job is sent", SOON, async || get(&system, &format!("/jobs/{uid}")).await.1["state"] == "sent")
        .await;
    let archive = system.data().join("prod/archive/prod");
    until("the archive has an object", SOON, async || archive.exists()).await;
}

#[tokio::test]
async fn an_email_can_be_asked_for_by_uid_and_by_payload() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    change_config(&system, |document| document.email = EmailPolicy::None).await;
    let answer = predict(&system, "100003").await;
    let ask = async |body: Value| {
        let response =
            http::client().post(format!("{}/emails", system.api)).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (status, job) = ask(json!({ "uid": answer["uid"] })).await;
    assert_eq!((status, &job["job_id"]), (202, &answer["uid"]), "{job}");
    let (status, other) =
        ask(json!({ "payload": { "client_id": "7", "prediction": 0.9, "high_risk": "yes" } })).await;
    assert_eq!(status, 202, "{other}");
    for job in [&job, &other] {
        let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
        until("the job is sent", SOON, async || get(&system, &path).await.1["state"] == "sent").await;
    }
    assert_eq!(ask(json!({ "uid": Uuid::now_v7() })).await.0, 404);
    let (status, problem) = ask(json!({ "uid": "x" })).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("uid")));
    assert_eq!(ask(json!({})).await.0, 422);
    assert_eq!(ask(json!({ "payload": { "prediction": 7 } })).await.0, 422);
}

#[tokio::test]
async fn a_held_out_client_gets_no_prediction_and_no_email_but_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    let all = bellwether_core::config::Percentage::ALL;
    let version = change_config(&system, |document| {
        document.holdout_percentage = all;
        document.email = EmailPolicy::All;
    });
    let version = version.await;
    let answer = predict(&system, "100004").await;
    assert_eq!(answer["treatment"], "holdout");
    assert_eq!(
        (&answer["prediction"], &answer["high_risk"], &answer["model"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(answer["config_version"], version);
    let response =
        http::client().post(format!("{}/emails", system.api)).json(&json!({ "uid": answer["uid"] }));
    assert_eq!(response.send().await.unwrap().status(), 409);
    let uid: Uuid = answer["uid"].as_str().unwrap().parse().unwrap();
    let log = database(&system).await;
    until("the log has it", SOON, async || log.find(uid).await.unwrap().is_some()).await;
    let scores = log.find(uid).await.unwrap().unwrap().scores;
    assert_eq!(scores.len(), 1, "the log holds what the model would have said: {scores:?}");
}

#[tokio::test]
async fn a_config_that_names_an_unknown_model_is_refused_and_what_served_goes_on_serving() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    change_config(&system, |document| document.arms[0].model = "nowhere".to_owned()).await;
    let (_, config) = get(&system, "/config").await;
    assert_eq!((&config["version"], &config["refused"]["version"]), (&json!(1), &json!(2)), "{config}");
    assert!(config["refused"]["reasons"][0].as_str().unwrap().contains("`nowhere`"), "{config}");
    assert_eq!(predict(&system, "1").await["config_version"], 1);
}

#[tokio::test]
async fn after_a_stop_it_comes_up_with_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    let first = predict(&system, "100005").await;
    assert!(system.terminate().success());
    let system = builder(&folder).start();
    let second = predict(&system, "100005").await;
    assert_eq!(first["prediction"], second["prediction"]);
    let log = database(&system).await;
    until("both are logged", SOON, async || log.count().await.unwrap() == 2).await;
}

#[tokio::test]
async fn a_trial_is_answered_but_neither_emailed_nor_stored_with_its_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let system = builder(&folder).start();
    change_config(&system, |document| document.email = EmailPolicy::All).await;
    let request =
        http::client().post(format!("{}/predict", system.api)).header("x-bellwether-purpose", "trial");
    let body = json!({ "client_id": "100006", "xp_points": 3 });
    let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["recent_times_id_seen"], Value::Null);
    let uid: Uuid = answer["uid"].as_str().unwrap().parse().unwrap();
    let log = database(&system).await;
    until("the log has it", SOON, async || log.find(uid).await.unwrap().is_some()).await;
    let record = log.find(uid).await.unwrap().unwrap();
    assert!(record.input.is_empty() && record.email.is_none(), "{record:?}");
    let response = http::client().post(format!("{}/emails", system.api)).json(&json!({ "uid": uid }));
    assert_eq!(response.send().await.unwrap().status(), 409);
    let seen = predict(&system, "100006").await;
    assert_eq!(seen["recent_times_id_seen"], 0, "a trial is no sighting");
    let again = predict(&system, "100006").await;
    assert_eq!(again["recent_times_id_seen"], 1);
}
