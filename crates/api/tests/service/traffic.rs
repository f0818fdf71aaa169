//! What a replica reports of its answers since a version went live.

use std::time::Duration;

use bellwether_core::config::Percentage;
use bellwether_store::Traffic;
use bellwether_testkit::wait::until;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::world::Service;

const PATIENCE: Duration = Duration::from_secs(20);

fn predict(service: &Service) -> RequestBuilder {
    let body = json!({ "client_id": "C-4711", "xp_points": 17 });
    service.request(Method::POST, "/predict").json(&body)
}

async fn answered(request: RequestBuilder) -> Value {
    request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

/// What the replica last reported.
async fn reported(service: &Service) -> Traffic {
    let mut replicas = service.database.replicas("local").await.unwrap();
    assert_eq!(replicas.len(), 1);
    replicas.remove(0).traffic.unwrap()
}

/// Waits for a report that says what is expected.
async fn until_reported(service: &Service, what: &str, is_it: impl Fn(&Traffic) -> bool) -> Traffic {
    until(what, PATIENCE, async || is_it(&reported(service).await)).await;
    reported(service).await
}

async fn start(settings: &[(&str, &str)]) -> Service {
    let own = [("auth.mode", "off"), ("replicas.heartbeat_seconds", "1")];
    Service::start(&[&own, settings].concat()).await
}

#[tokio::test]
async fn a_replica_reports_what_it_answered_for_clients_since_a_version_went_live() {
    let service = start(&[]).await;
    let mut high = 0;
    for _ in 0..3 {
        high += u64::from(answered(predict(&service)).await["high_risk"] == "yes");
    }
    for purpose in ["trial", "canary", "load"] {
        answered(predict(&service).header("x-bellwether-purpose", purpose)).await;
    }
    let wrong = service.request(Method::POST, "/predict").json(&json!({ "xp_points": "many" }));
    assert_eq!(wrong.send().await.unwrap().status(), 422);
    let rows = json!([{ "xp_points": 17 }, { "xp_points": "many" }, { "xp_points": 18 }]);
    let batch = || service.request(Method::POST, "/predict/batch").json(&rows);
    for row in answered(batch()).await.as_array().unwrap() {
        high += u64::from(row["high_risk"] == "yes");
    }
    answered(batch().header("x-bellwether-purpose", "load")).await;

    let first = until_reported(&service, "5 answers", |traffic| traffic.answered == 5).await;
    assert_eq!((first.version, first.failed, first.without_prediction), (1, 0, 0));
    assert_eq!(first.high_risk, high);
    assert_eq!(first.latency.len(), Traffic::BUCKETS);
    assert_eq!(first.latency.iter().sum::<u64>(), 3, "rows of a batch have no time of their own");
    assert!(first.p99_ms().unwrap() > 0.0);
    let since: chrono::DateTime<chrono::Utc> =
        serde_json::from_value(service.get("/config").await["since"].clone()).unwrap();
    assert_eq!(first.since, since);

    service
        .change_config(|document| {
            document.proba_cutoff = 0.09;
            document.holdout_percentage = Percentage::ALL;
        })
        .await;
    let second = until_reported(&service, "the new version", |traffic| traffic.version == 2).await;
    assert_eq!(second, Traffic::begun(2, second.since), "another version begins at nothing");
    assert!(second.since > first.since);
    answered(predict(&service)).await;
    let second = until_reported(&service, "a holdout", |traffic| traffic.answered == 1).await;
    assert_eq!((second.without_prediction, second.high_risk), (1, 0));

    service.change_config(|document| document.holdout_percentage = Percentage::NONE).await;
    let answer = answered(predict(&service)).await;
    let third = until_reported(&service, "version 3", |t| t.version == 3 && t.answered == 1).await;
    assert_eq!(third.high_risk, u64::from(answer["high_risk"] == "yes"));
}

#[tokio::test]
async fn clients_turned_away_by_overload_are_reported_as_failed() {
    let service = start(&[("server.max_in_flight", "1")]).await;
    let address = service.url.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    let head =
        "POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    until("the only place is taken", PATIENCE, async || {
        service.metrics().await.contains("bellwether_http_in_flight 1\n")
    })
    .await;
    let status = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(status(predict(&service)).await, 503);
    assert_eq!(status(service.request(Method::POST, "/predict/batch").body("[]")).await, 503);
    assert_eq!(status(predict(&service).header("x-bellwether-purpose", "canary")).await, 503);
    assert_eq!(status(service.request(Method::GET, "/config")).await, 503);
    drop(slow);
    until("the place is free", PATIENCE, async || {
        service.metrics().await.contains("bellwether_http_in_flight 0\n")
    })
    .await;
    answered(predict(&service)).await;
    let traffic = until_reported(&service, "an answer", |traffic| traffic.answered == 1).await;
    assert_eq!(traffic.failed, 2);
}
