//! Drift of a finished day: measured once, kept, told by mail once, and told again by nobody.

use std::net::TcpListener;

use actix_web::{App, HttpResponse, HttpServer, web};
use bellwether_config_admin::drift::DriftWatcher;
use bellwether_core::config::{ConfigDocument, DriftLimits};
use bellwether_core::prediction::LogRecord;
use bellwether_store::{DriftDay, PredictionLog, SharedDatabase};
use bellwether_testkit::{Reply, SmtpSink};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::apis::MODEL;
use crate::world::{PATIENCE, Plan, World, version};

/// An api that tells what training saw, and nothing else.
fn told() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let quantiles: Vec<f64> = (0..=100).map(|percent| f64::from(percent) / 100.0).collect();
    let answer = json!({
        "uid": MODEL, "sha256": "0".repeat(64),
        "features": [{"name": "points", "kind": "numeric"}, {"name": "since", "kind": "date"}],
        "statistics": {"rows": 1000, "score": {"quantiles": quantiles}, "features": {
            "points": {"missing_rate": 0.0, "quantiles": quantiles},
            "since": {"missing_rate": 0.0, "shares": {"2024": 0.5, "2025": 0.5}},
        }},
    });
    let server = HttpServer::new(move || {
        let answer = answer.clone();
        let route = move || {
            let answer = answer.clone();
            async move { HttpResponse::Ok().json(answer) }
        };
        App::new().route("/bundles/{uid}/statistics", web::get().to(route))
    });
    tokio::spawn(server.workers(1).listen(listener).unwrap().run());
    url
}

/// A record whose points lie in the upper half, which half of training's do not.
fn record(at: DateTime<Utc>, n: u32) -> LogRecord {
    let at = at + TimeDelta::milliseconds(i64::from(n));
    let uid = u128::try_from(at.timestamp_millis()).unwrap() << 80 | 7 << 76 | 2 << 62 | u128::from(n);
    let share = f64::from(n % 100) / 100.0;
    let record: Value = json!({
        "schema": 1, "environment": "prod", "replica": "api-0", "logging_timestamp": at,
        "client_id": format!("client-{n}"),
        "input": {"points": 0.5 + share / 2.0, "since": if n.is_multiple_of(2) { "2024-03-01" } else { "2025-03-01" }},
        "scores": {MODEL: share}, "heuristic": 0.5, "arm": MODEL,
        "output": {"uid": Uuid::from_u128(uid), "prediction": share, "high_risk": "no", "ltv": 1.0,
            "recent_times_id_seen": 0, "response_time": 0.001, "treatment": "model", "model": MODEL,
            "config_version": 1},
    });
    serde_json::from_value(record).unwrap()
}

async fn kept(database: &SharedDatabase, day: NaiveDate) -> (DriftDay, Value) {
    let mut days = database.drift_days("prod", MODEL, day, day).await.unwrap();
    assert_eq!(days.len(), 1);
    let day = days.remove(0);
    let document = serde_json::from_str(&day.document).unwrap();
    (day, document)
}

#[tokio::test]
async fn a_finished_day_beyond_its_limits_is_told_by_mail_once_and_today_never() {
    let smtp = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    let plan = Plan { prod_api: told(), smtp: Some(smtp.url()), ..Plan::default() };
    let world = World::new(plan).await;
    let limits = DriftLimits { minimum_rows: 100, ..DriftLimits::default() };
    let document = ConfigDocument { drift: Some(limits), ..ConfigDocument::initial(MODEL) };
    world.prod.append(version("prod", Some(1), document)).await.unwrap();
    let now = Utc::now();
    let finished = (now - TimeDelta::hours(1)).date_naive().pred_opt().unwrap();
    let noon = finished.and_hms_opt(12, 0, 0).unwrap().and_utc();
    let records: Vec<_> = (0..200).map(|n| record(noon, n)).collect();
    PredictionLog::insert(&*world.prod, &records).await.unwrap();
    let begun = now.date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc();
    let today: Vec<_> = (0..150).map(|n| record(begun, n)).collect();
    PredictionLog::insert(&*world.prod, &today).await.unwrap();

    let mut watcher = DriftWatcher::new(world.console.clone());
    watcher.look().await;
    let (day, document) = kept(&world.prod, finished).await;
    assert_eq!((day.rows, &document["day"]["complete"]), (200, &json!(true)));
    assert_eq!(document["day"]["inputs"][0]["name"], "points");
    assert!(document["day"]["inputs"][0]["ks"]["distance"].as_f64().unwrap() > 0.45, "{document}");
    assert!(document["told_at"].is_string(), "{document}");
    let mail = smtp.receives(1, PATIENCE).await.unwrap().remove(0);
    let text = mail.data.replace("\r\n", "\n").replace("=\n", "").replace("\n ", " ");
    assert!(text.contains(&format!("{MODEL} has drifted in prod on {finished}")), "{text}");
    assert!(text.contains("points: KS distance") && !text.contains("since"), "{text}");
    let mut to = mail.to.clone();
    to.sort();
    assert_eq!(to, ["ada@example.org", "anna@example.org", "bert@example.org"]);

    // Neither a later look nor another process tells it again.
    watcher.look().await;
    DriftWatcher::new(world.console.clone()).look().await;
    assert_eq!(smtp.received().len(), 1, "told once");
    // Today is kept as far as it goes, goes on with what is logged, and is no reason for a mail.
    let (_, before) = kept(&world.prod, now.date_naive()).await;
    assert_eq!((&before["day"]["rows"], &before["day"]["complete"]), (&json!(150), &json!(false)));
    // Logged just now: what reaches the log hours late is counted when the day is over.
    let just_now = Utc::now() - TimeDelta::milliseconds(150);
    PredictionLog::insert(&*world.prod, &[record(just_now, 150)]).await.unwrap();
    watcher.look().await;
    let (_, after) = kept(&world.prod, now.date_naive()).await;
    assert_eq!(after["day"]["rows"], json!(151));
    assert_eq!(smtp.received().len(), 1);
}

#[tokio::test]
async fn a_day_is_measured_as_soon_as_the_api_tells_what_training_saw_and_a_mail_server_is_waited_for() {
    let smtp =
        SmtpSink::start(|step| if step.verb == "EHLO" { Reply::HangUp } else { Reply::Usual }).await.unwrap();
    let plan = Plan { prod_api: told(), smtp: Some(smtp.url()), ..Plan::default() };
    let world = World::new(plan).await;
    let limits = DriftLimits { minimum_rows: 100, ..DriftLimits::default() };
    let document = ConfigDocument { drift: Some(limits), ..ConfigDocument::initial(MODEL) };
    world.prod.append(version("prod", Some(1), document)).await.unwrap();
    let finished = (Utc::now() - TimeDelta::hours(1)).date_naive().pred_opt().unwrap();
    let noon = finished.and_hms_opt(12, 0, 0).unwrap().and_utc();
    let records: Vec<_> = (0..200).map(|n| record(noon, n)).collect();
    PredictionLog::insert(&*world.prod, &records).await.unwrap();
    let mut watcher = DriftWatcher::new(world.console.clone());
    watcher.look().await;
    let (_, document) = kept(&world.prod, finished).await;
    assert_eq!(document.get("told_at"), None, "nobody could be told yet");
    smtp.behave(|_| Reply::Usual);
    watcher.look().await;
    assert!(smtp.receives(1, PATIENCE).await.is_some());
    let (_, document) = kept(&world.prod, finished).await;
    assert!(document["told_at"].is_string());
}
