//! Drift of a finished day: measured once, kept, told by mail once, and told again by nobody.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use bellwether_config_admin::drift::DriftWatcher;
use bellwether_core::config::{ConfigDocument, DriftLimits};
use bellwether_core::prediction::LogRecord;
use bellwether_store::{Clock, DriftDay, PredictionLog, SharedDatabase};
use bellwether_testkit::{Reply, SmtpSink};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::apis::MODEL;
use crate::world::{PATIENCE, Plan, World, version};

/// A clock that is set by hand.
struct HandClock(Mutex<DateTime<Utc>>);

impl HandClock {
    fn at(hour: u32) -> Arc<Self> {
        Arc::new(Self(Mutex::new(today().and_hms_opt(hour, 0, 0).unwrap().and_utc())))
    }

    fn goes_on(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

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

/// A console at a time, whose production has 200 records that drift at noon of the day before.
async fn world(clock: &Arc<HandClock>, smtp: &SmtpSink) -> World {
    let plan = Plan { prod_api: told(), smtp: Some(smtp.url()), clock: clock.clone(), ..Plan::default() };
    let world = World::new(plan).await;
    let limits = DriftLimits { minimum_rows: 100, ..DriftLimits::default() };
    let document = ConfigDocument { drift: Some(limits), ..ConfigDocument::initial(MODEL) };
    world.prod.append(version("prod", Some(1), document)).await.unwrap();
    let noon = yesterday().and_hms_opt(12, 0, 0).unwrap().and_utc();
    log(&world, noon, 200).await;
    world
}

fn yesterday() -> NaiveDate {
    today().pred_opt().unwrap()
}

async fn log(world: &World, at: DateTime<Utc>, count: u32) {
    let records: Vec<_> = (0..count).map(|n| record(at, n)).collect();
    PredictionLog::insert(&*world.prod, &records).await.unwrap();
}

#[tokio::test]
async fn a_finished_day_beyond_its_limits_is_told_by_mail_once_and_today_never() {
    let smtp = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    let clock = HandClock::at(15);
    let world = world(&clock, &smtp).await;
    log(&world, clock.now() - TimeDelta::hours(3), 150).await;

    let mut watcher = DriftWatcher::new(world.console.clone());
    watcher.look().await;
    let (day, document) = kept(&world.prod, yesterday()).await;
    assert_eq!((day.rows, &document["day"]["complete"]), (200, &json!(true)));
    assert_eq!(document["day"]["inputs"][0]["name"], "points");
    assert!(document["day"]["inputs"][0]["ks"]["distance"].as_f64().unwrap() > 0.45, "{document}");
    assert!(document["told_at"].is_string(), "{document}");
    let mail = smtp.receives(1, PATIENCE).await.unwrap().remove(0);
    let text = mail.data.replace("\r\n", "\n").replace("=\n", "").replace("\n ", " ");
    assert!(text.contains(&format!("{MODEL} has drifted in prod on {}", yesterday())), "{text}");
    assert!(text.contains("points: KS distance") && !text.contains("since"), "{text}");
    let mut to = mail.to.clone();
    to.sort();
    assert_eq!(to, ["ada@example.org", "anna@example.org", "bert@example.org"]);

    // Neither a later look nor another process tells it again.
    watcher.look().await;
    DriftWatcher::new(world.console.clone()).look().await;
    assert_eq!(smtp.received().len(), 1, "told once");
    // Today is kept as far as it goes, goes on with what is logged, and is no reason for a mail.
    let (_, before) = kept(&world.prod, today()).await;
    assert_eq!((&before["day"]["rows"], &before["day"]["complete"]), (&json!(150), &json!(false)));
    log(&world, clock.now(), 1).await;
    clock.goes_on(TimeDelta::minutes(30));
    watcher.look().await;
    let (_, after) = kept(&world.prod, today()).await;
    assert_eq!(after["day"]["rows"], json!(151));
    assert_eq!(smtp.received().len(), 1);
}

#[tokio::test]
async fn a_day_is_finished_an_hour_after_its_end_with_what_came_late() {
    let smtp = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    let clock = HandClock::at(0);
    let world = world(&clock, &smtp).await;
    let mut watcher = DriftWatcher::new(world.console.clone());
    clock.goes_on(TimeDelta::minutes(59));
    watcher.look().await;
    assert_eq!(world.prod.drift_days("prod", MODEL, yesterday(), yesterday()).await.unwrap(), []);
    assert!(smtp.received().is_empty());
    log(&world, yesterday().and_hms_opt(23, 59, 59).unwrap().and_utc(), 7).await;
    clock.goes_on(TimeDelta::minutes(1));
    watcher.look().await;
    let (day, _) = kept(&world.prod, yesterday()).await;
    assert_eq!(day.rows, 207);
}

#[tokio::test]
async fn a_day_that_a_mail_server_kept_from_being_told_is_told_once_it_is_back() {
    let smtp = SmtpSink::start(|step| if step.verb == "EHLO" { Reply::HangUp } else { Reply::Usual });
    let smtp = smtp.await.unwrap();
    let world = world(&HandClock::at(15), &smtp).await;
    let mut watcher = DriftWatcher::new(world.console.clone());
    watcher.look().await;
    let (_, document) = kept(&world.prod, yesterday()).await;
    assert_eq!(document.get("told_at"), None, "nobody could be told yet");
    smtp.behave(|_| Reply::Usual);
    watcher.look().await;
    assert!(smtp.receives(1, PATIENCE).await.is_some());
    let (_, document) = kept(&world.prod, yesterday()).await;
    assert!(document["told_at"].is_string());
}
