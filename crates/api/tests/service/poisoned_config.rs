//! Config versions that somebody wrote straight into the database.

use std::time::Duration;

use bellwether_core::config::ConfigDocument;
use bellwether_store::{NewConfigVersion, RefusedVersion};
use bellwether_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::world::Service;

const PATIENCE: Duration = Duration::from_secs(20);

/// Writes a row past everyone.
async fn poison(service: &Service, version: i64, document: &str, sha256: &str) {
    let options = SqliteConnectOptions::new().filename(service.database_file());
    let mut connection = options.connect().await.unwrap();
    sqlx::query(
        "INSERT INTO config_version
           (environment, version, parent, document, sha256, author, reason, created_at)
         VALUES ('local', ?, ?, ?, ?, 'root', 'quick', '2026-11-22T09:30:00+00:00')",
    )
    .bind(version)
    .bind(version - 1)
    .bind(document)
    .bind(sha256)
    .execute(&mut connection)
    .await
    .unwrap();
}

fn text(document: &Value) -> (String, String) {
    let known: Result<ConfigDocument, _> = serde_json::from_value(document.clone());
    (document.to_string(), known.map_or_else(|_| "ab".repeat(32), |known| known.sha256().unwrap()))
}

/// The version refused according to `/config`.
async fn refused(service: &Service) -> Option<RefusedVersion> {
    serde_json::from_value(service.get("/config").await["refused"].clone()).unwrap()
}

#[tokio::test]
async fn a_poisoned_version_is_refused_everywhere_and_what_was_live_stays_even_through_a_restart() {
    let mut service =
        Service::start(&[("auth.mode", "off"), ("replica", "api-0"), ("config.poll_seconds", "1")]).await;
    let good = service.get("/config").await["document"].clone();
    let with = |field: &str, value: Value| {
        let mut document = good.clone();
        document[field] = value;
        text(&document)
    };
    let model = good["arms"][0]["model"].clone();
    let (plain, sha256) = text(&good);
    let poisons = [
        ("color", with("color", json!("red"))),
        ("proba_cutoff", with("proba_cutoff", json!(7))),
        ("arms", with("arms", json!([{ "model": model, "percentage": 90 }]))),
        ("document", ("arms: []".to_owned(), sha256)),
        ("sha256", (plain, "ab".repeat(32))),
    ];
    for (version, (field, (document, sha256))) in (2_u64..).zip(poisons) {
        poison(&service, version.cast_signed(), &document, &sha256).await;
        service.request(Method::POST, "/config-refresh").send().await.unwrap().error_for_status().unwrap();
        let told = refused(&service).await.unwrap();
        assert_eq!(told.version, version);
        assert!(told.reasons[0].starts_with(&format!("{field}: ")), "{:?}", told.reasons);
        assert_eq!(service.get("/config").await["version"], 1);
        until("the replica has reported it", PATIENCE, async || {
            service.database.replicas("local").await.unwrap()[0].refused == Some(told.clone())
        })
        .await;
        // It is looked up again and again, and counted once.
        service.get("/config-refresh").await;
        let metrics = service.metrics().await;
        for line in [
            format!("bellwether_config_refused_version{{environment=\"local\"}} {version}"),
            format!("bellwether_config_refused_total{{environment=\"local\"}} {}", version - 1),
        ] {
            assert!(metrics.contains(&format!("{line}\n")), "{line} in {metrics}");
        }
    }
    service.restart().await;
    assert_eq!(service.get("/config").await["version"], 1, "the last good config, from the disk");
    assert_eq!(refused(&service).await.unwrap().version, 6);
    let body = json!({ "client_id": "C-4711", "xp_points": 17 });
    let answer = service.request(Method::POST, "/predict").json(&body).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["config_version"], 1);

    let mended = NewConfigVersion {
        environment: "local".to_owned(),
        parent: Some(6),
        document: serde_json::from_value(good).unwrap(),
        author: "a test".to_owned(),
        reason: "back to version 1".to_owned(),
        created_at: chrono::Utc::now(),
        provenance: None,
        stage_report: None,
    };
    service.database.append(mended).await.unwrap();
    assert_eq!(service.get("/config-refresh").await["version"], 7);
    assert_eq!(refused(&service).await, None);
    assert!(service.metrics().await.contains("bellwether_config_refused_version{environment=\"local\"} 0\n"));
}
