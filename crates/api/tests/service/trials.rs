//! What a trial is told beside its answer, and nobody else.

use std::time::Duration;

use bellwether_core::config::Percentage;
use bellwether_store::PredictionLog;
use bellwether_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Service, bundles};

async fn predict(service: &Service, purpose: Option<&str>) -> Value {
    let request = service.request(Method::POST, "/predict");
    let request = match purpose {
        Some(purpose) => request.header("x-bellwether-purpose", purpose),
        None => request,
    };
    let body = json!({ "client_id": "C-4711", "xp_points": 17 });
    let response = request.json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_trial_is_told_how_its_answer_came_about() {
    let service = Service::start(&[("auth.mode", "off"), ("replica", "api-0")]).await;
    let uids = bundles();
    service.change_config(|document| document.shadow = vec![uids[1].clone()]).await;
    let answer = predict(&service, Some("trial")).await;
    let trial = &answer["trial"];
    let scores = trial["scores"].as_object().unwrap();
    assert_eq!(scores.keys().collect::<Vec<_>>(), uids.iter().collect::<Vec<_>>(), "the arm and the shadow");
    assert_eq!((&trial["arm"], &trial["replica"]), (&json!(uids[0]), &json!("api-0")));
    assert_eq!((&trial["probability"], &trial["proba_cutoff"]), (&scores[&uids[0]], &json!(0.65)));
    let probability = trial["probability"].as_f64().unwrap();
    assert_eq!(answer["prediction"], (probability * 10_000.0).round() / 10_000.0);
    assert!((trial["heuristic"].as_f64().unwrap() - 17.0 / 250.0).abs() < 1e-12);

    service.change_config(|document| document.holdout_percentage = Percentage::ALL).await;
    let answer = predict(&service, Some("trial")).await;
    assert_eq!((&answer["treatment"], &answer["trial"]["probability"]), (&json!("holdout"), &Value::Null));
    assert_eq!(answer["trial"]["arm"], uids[0], "which arm would have answered");
    assert_eq!(&answer["trial"]["scores"], &json!(scores));
}

#[tokio::test]
async fn nobody_else_is_told_and_nothing_of_it_is_written_down() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    for purpose in [None, Some("canary"), Some("load")] {
        assert!(predict(&service, purpose).await.get("trial").is_none(), "{purpose:?}");
    }
    let rows = service.request(Method::POST, "/predict/batch").header("x-bellwether-purpose", "trial");
    let body = json!([{ "client_id": "C-4711", "xp_points": 17 }]);
    let rows: Value = rows.json(&body).send().await.unwrap().json().await.unwrap();
    assert!(rows[0]["uid"].is_string() && rows[0].get("trial").is_none(), "{rows}");

    let answer = predict(&service, Some("trial")).await;
    assert!(answer["trial"].is_object());
    for answer in [&answer, &rows[0]] {
        let record = logged(&service, answer).await;
        assert_eq!((&record["purpose"], &record["input"]), (&json!("trial"), &json!({})));
        assert!(record["output"]["uid"].is_string() && record["output"].get("trial").is_none(), "{record}");
    }
}

#[tokio::test]
async fn the_record_of_a_trial_names_no_client() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    let record = logged(&service, &predict(&service, None).await).await;
    assert_eq!(record["client_id"], "C-4711", "that of a client's own call does");
    let record = logged(&service, &predict(&service, Some("trial")).await).await;
    assert_eq!((&record["purpose"], &record["client_id"]), (&json!("trial"), &Value::Null));
    assert!(!record.to_string().contains("C-4711"), "{record}");
}

/// The record of an answer, as soon as it is in the log.
async fn logged(service: &Service, answer: &Value) -> Value {
    let uid = answer["uid"].as_str().unwrap().parse().unwrap();
    let find = async || PredictionLog::find(&*service.database, uid).await.unwrap();
    until("the record is in the log", Duration::from_secs(20), async || find().await.is_some()).await;
    serde_json::to_value(find().await.unwrap()).unwrap()
}

#[tokio::test]
async fn the_description_tells_of_trials() {
    let service = Service::start(&[]).await;
    let document = service.get("/openapi.json").await;
    let trial = &document["components"]["schemas"]["Answer"]["properties"]["trial"];
    assert!(trial.to_string().contains("#/components/schemas/TrialAnswer"), "{trial}");
    let required = document["components"]["schemas"]["Answer"]["required"].as_array().unwrap();
    assert!(!required.contains(&json!("trial")), "{required:?}");
    assert!(document["components"]["schemas"]["TrialAnswer"]["properties"]["scores"].is_object());
    for path in ["/predict", "/predict/batch"] {
        let parameters = document["paths"][path]["post"]["parameters"].as_array().unwrap();
        let purpose =
            parameters.iter().find(|parameter| parameter["name"] == "x-bellwether-purpose").unwrap();
        assert_eq!(purpose["schema"]["enum"], json!(["trial", "canary", "load"]));
    }
}
