//! One prediction's traces: in the log, in the metrics, and in the job that it causes.

use std::time::Duration;

use bellwether_store::EmailJobs;
use bellwether_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::Service;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_prediction_is_found_by_its_uid_its_request_and_its_trace() {
    let service = Service::start(&[("log.level", "debug")]).await;
    let request = service.request(Method::POST, "/predict?client=C-4711");
    let request = request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let body = json!({ "client_id": "C-4711", "xp_points": 987_654_321, "unheard_of": "Zanzibar" });
    let response = request.json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let (id, told) = {
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        (header("x-request-id"), header("traceparent"))
    };
    let answer: Value = response.json().await.unwrap();
    let uid = answer["uid"].as_str().unwrap();

    let line = service.line("answered", |line| line["uid"] == uid).await;
    assert_eq!((&line["request_id"], &line["trace_id"]), (&json!(id), &json!(TRACE)));
    assert_eq!(
        (&line["route"], &line["status"], &line["caller"]),
        (&json!("/predict"), &json!(200), &json!("token"))
    );

    let job = || async { EmailJobs::find(&*service.database, uid.parse().unwrap()).await.unwrap() };
    until("the job is there", Duration::from_secs(20), || async { job().await.is_some() }).await;
    let payload: Value = serde_json::from_str(&job().await.unwrap().payload).unwrap();
    assert_eq!(payload["trace"], told, "the job goes on where the request's span is");

    let wrong = json!({ "client_id": "C-4711", "xp_points": "Zanzibar", "site_level": { "987654321": 1 } });
    assert_eq!(service.request(Method::POST, "/predict").json(&wrong).send().await.unwrap().status(), 422);
    service.line("answered", |line| line["status"] == 422).await;
    for line in service.lines() {
        let text = line.to_string();
        assert!(line.is_object(), "every line is JSON: {text}");
        for secret in ["C-4711", "987654321", "Zanzibar", crate::world::TOKEN] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_logged_with_its_id_and_counted_by_its_reason() {
    let service = Service::start(&[]).await;
    let refused = reqwest::Client::new().post(format!("{}/predict", service.url)).send().await.unwrap();
    let id = refused.headers()["x-request-id"].to_str().unwrap().to_owned();
    let line = service.line("answered", |line| line["request_id"] == id.as_str()).await;
    assert_eq!((&line["status"], &line["trace_id"]), (&json!(401), &json!(id.replace('-', ""))));
    assert!(line.get("uid").is_none() && line.get("caller").is_none(), "{line}");
    let body = json!({ "client_id": "C-4711", "xp_points": 17 });
    assert_eq!(service.request(Method::POST, "/predict").json(&body).send().await.unwrap().status(), 200);
    let metrics = service.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    for wanted in [
        "bellwether_http_refused_total{reason=\"no_token\"} 1",
        "bellwether_http_request_seconds_count{route=\"/predict\",status=\"401\"} 1",
        "bellwether_http_in_flight 0",
        "bellwether_config_version{environment=\"local\"} 1",
        "bellwether_build_info{version=\"",
        "service=\"api\"} 1",
        "bellwether_predictions_total{treatment=\"model\",model=\"",
        "bellwether_prediction_score_bucket{model=\"",
        "bellwether_journal_depth{",
    ] {
        assert!(metrics.contains(wanted), "{wanted} in:\n{metrics}");
    }
}
