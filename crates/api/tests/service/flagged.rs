//! Who is at high risk now: the newest prediction of each client counts, and whom the config holds out is not listed.

use bellwether_core::config::Percentage;
use bellwether_core::prediction::{LogRecord, Purpose};
use bellwether_store::PredictionLog;
use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::Service;

/// A prediction that was answered so many days ago.
fn prediction(client: &str, prediction: f64, ltv: f64, days_ago: i64) -> LogRecord {
    let at = Utc::now() - TimeDelta::days(days_ago);
    let seconds = at.timestamp().cast_unsigned();
    let uid = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, at.timestamp_subsec_nanos()));
    let record = json!({
        "schema": 1, "environment": "local", "replica": "a", "logging_timestamp": at, "client_id": client,
        "input": {}, "scores": {}, "heuristic": 0.5, "arm": "m",
        "output": {
            "uid": uid, "prediction": prediction, "high_risk": if prediction >= 0.65 { "yes" } else { "no" },
            "ltv": ltv, "recent_times_id_seen": 0, "response_time": 0.001, "treatment": "model", "model": "m",
            "config_version": 1,
        },
    });
    serde_json::from_value(record).unwrap()
}

fn ids(page: &Value) -> Vec<&str> {
    page["clients"].as_array().unwrap().iter().map(|client| client["client_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn those_at_risk_are_listed_page_by_page_and_those_held_out_are_not() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    let mut load = prediction("safe-again", 0.99, 1e6, 0);
    load.purpose = Some(Purpose::Load);
    let records = [
        prediction("c1", 0.9, 100.0, 1),
        prediction("c2", 0.7, 1_000.0, 1),
        prediction("c3", 0.8, 50.0, 29),
        prediction("old", 0.9, 1e6, 31),
        prediction("safe-again", 0.9, 1e6, 2),
        prediction("safe-again", 0.1, 1e6, 1),
        load,
    ];
    PredictionLog::insert(service.database.as_ref(), &records).await.unwrap();
    let whole = service.get("/flagged").await;
    assert_eq!((ids(&whole), &whole["next"]), (vec!["c2", "c1", "c3"], &Value::Null));
    let first = &whole["clients"][0];
    let (at_risk, uid) = (0.7 * 1_000.0, records[1].uid());
    assert_eq!((&first["at_risk"], &first["uid"]), (&json!(at_risk), &json!(uid)));
    assert_eq!(
        (&first["prediction"], &first["ltv"], &first["model"]),
        (&json!(0.7), &json!(1_000.0), &json!("m"))
    );

    let page = service.get("/flagged?limit=2").await;
    assert_eq!(ids(&page), ["c2", "c1"]);
    let next = page["next"].as_str().unwrap();
    let page = service.get(&format!("/flagged?limit=2&after={next}")).await;
    assert_eq!((ids(&page), &page["next"]), (vec!["c3"], &Value::Null));

    let version = service.change_config(|document| document.holdout_percentage = Percentage::ALL).await;
    let held_out = service.get("/flagged").await;
    assert_eq!((ids(&held_out), &held_out["config_version"]), (Vec::<&str>::new(), &json!(version)));
    let refused = service.request(Method::GET, "/flagged?limit=many").send().await.unwrap();
    assert_eq!(refused.status(), 422);
}
