//! `bellwether experiment`: an experiment whose truth is known, listed, reported and drawn.

use bellwether_core::config::Percentage;
use bellwether_core::prediction::LogRecord;
use bellwether_core::treatment::{Treatment, assign};
use bellwether_store::{ConfigStore as _, NewConfigVersion, Outcome, Outcomes as _, PredictionLog as _};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::command::System;

/// Appends a version that holds half of the clients out, and fills the log and the outcomes of 800 clients: of the
/// holdout one in two leaves, of the others one in ten.
async fn filled(system: &System, at: DateTime<Utc>) {
    let first = system.database.live("prod").await.unwrap().unwrap();
    let mut document = first.document.clone().unwrap();
    "halves".clone_into(&mut document.experiment_salt);
    document.holdout_percentage = Percentage::from_buckets(5_000).unwrap();
    let new = NewConfigVersion {
        environment: "prod".to_owned(),
        parent: Some(first.version),
        document: document.clone(),
        author: "a test".to_owned(),
        reason: "half and half".to_owned(),
        created_at: at - TimeDelta::days(1),
        provenance: None,
        stage_report: None,
    };
    let version = system.database.append(new).await.unwrap().version;
    let model = document.arms[0].model.clone();
    let (mut records, mut outcomes) = (Vec::new(), Vec::new());
    for number in 0..800_u32 {
        let (client, at) = (format!("client {number}"), at + TimeDelta::hours(i64::from(number % 240)));
        let holds_out = assign(&document, &client).treatment == Treatment::Holdout;
        let milliseconds = u128::try_from(at.timestamp_millis()).unwrap();
        let uid = Uuid::from_u128(milliseconds << 80 | 7 << 76 | 2 << 62 | u128::from(number));
        let churns = number % 10 < if holds_out { 5 } else { 1 };
        let output = json!({
            "uid": uid, "prediction": if holds_out { Value::Null } else { json!(0.5) },
            "high_risk": if holds_out { Value::Null } else { json!("no") }, "ltv": 10.0, "recent_times_id_seen": 0,
            "response_time": 0.001, "treatment": if holds_out { "holdout" } else { "model" },
            "model": if holds_out { Value::Null } else { json!(model) }, "config_version": version,
        });
        let record: LogRecord = serde_json::from_value(json!({
            "schema": 1, "environment": "prod", "replica": "api-0", "logging_timestamp": at, "client_id": client,
            "input": {}, "scores": { model.as_str(): f64::from(number * 7_919 % 1_000) / 1_000.0 },
            "heuristic": 0.5, "arm": model, "output": output,
        }))
        .unwrap();
        records.push(record);
        outcomes.push(Outcome {
            client_id: client,
            id: "crm".to_owned(),
            churned: Some(churns),
            occurred_at: at + TimeDelta::days(if churns { 3 } else { 20 }),
            corrected_at: at,
        });
    }
    system.database.insert(&records).await.unwrap();
    system.database.record_outcomes(&outcomes).await.unwrap();
}

#[tokio::test]
async fn an_experiment_is_listed_reported_and_drawn() {
    let system = System::migrated().await;
    filled(&system, Utc::now() - TimeDelta::days(60)).await;

    let listed = system.run(&["experiment", "list"], "");
    assert!(listed.ok && listed.out.contains("halves") && listed.out.contains("live"), "{listed:?}");
    let json: Value = serde_json::from_str(&system.run(&["experiment", "list", "--json"], "").out).unwrap();
    assert_eq!(json["experiments"][0]["salt"], "halves");
    assert_eq!(json["experiments"].as_array().unwrap().len(), 2, "{json}");

    let folder = system.data().join("plots");
    let plots = folder.to_str().unwrap();
    let ran = system.run(&["experiment", "report", "--window-days", "20", "--svg", plots], "");
    assert!(ran.ok, "{ran:?}");
    for words in [
        "Experiment halves in prod, versions 2",
        "as the shares lead to expect",
        "fewer",
        "Models on the holdout",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    for plot in ["churn", "model-less-holdout", "calibration-holdout", "roc-everyone"] {
        let svg = std::fs::read_to_string(folder.join(format!("{plot}.svg"))).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{plot}");
    }

    let ran = system.run(&["experiment", "report", "--window-days", "20", "--json"], "");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["clients"], &report["window_days"]), (&json!(800), &json!(20)));
    let difference = &report["differences"][0];
    assert_eq!(difference["verdict"], "fewer");
    let estimate = difference["estimate"].as_f64().unwrap();
    assert!((estimate + 0.4).abs() < 0.08, "{estimate}");
    // Nobody said what became of those who stayed by the end of a window that is longer than anybody looked.
    let ran = system.run(&["experiment", "report", "--window-days", "30", "--json"], "");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(report["groups"][0]["unknown"].as_u64().unwrap() > 100, "{report}");
    assert_eq!(report["differences"][0]["verdict"], "too_few");
}

#[tokio::test]
async fn an_experiment_that_is_not_there_and_a_question_without_sense_are_told() {
    let system = System::migrated().await;
    let unknown = system.run(&["experiment", "report", "--salt", "elsewhere"], "");
    assert!(!unknown.ok && unknown.err.contains("no version with the salt `elsewhere`"), "{unknown:?}");
    let senseless = system.run(&["experiment", "report", "--alpha", "0"], "");
    assert!(!senseless.ok && senseless.err.contains("alpha: expected more than 0"), "{senseless:?}");
    let empty = system.run(&["experiment", "report"], "");
    assert!(empty.ok && empty.out.contains("No client entered"), "{empty:?}");
}
