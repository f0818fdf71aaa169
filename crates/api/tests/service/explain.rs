//! `POST /explain`: what is told of a score, of whom nothing is told, and what of it is left behind.

use bellwether_core::config::Percentage;
use bellwether_store::ClientRow;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::world::{Service, bundles};

const OFF: [(&str, &str); 1] = [("auth.mode", "off")];

async fn explain(service: &Service, body: &Value) -> Response {
    service.request(Method::POST, "/explain").json(body).send().await.unwrap()
}

async fn explained(service: &Service, body: &Value) -> Value {
    let response = explain(service, body).await;
    assert_eq!(response.status(), 200, "{body}");
    response.json().await.unwrap()
}

async fn problem(service: &Service, body: &Value) -> Value {
    let response = explain(service, body).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{body}");
    response.json().await.unwrap()
}

/// What the contributions of an answer sum to, and its score less its base.
fn sums(told: &Value) -> (f64, f64) {
    let values = told["contributions"].as_array().unwrap().iter().map(|one| one["value"].as_f64().unwrap());
    (values.sum(), told["score"].as_f64().unwrap() - told["base"].as_f64().unwrap())
}

fn client(id: &str, features: Value) -> ClientRow {
    let Value::Object(features) = features else { unreachable!("features are an object") };
    ClientRow { client_id: id.to_owned(), ltv: Some(10.0), features }
}

#[tokio::test]
async fn a_score_is_taken_apart_by_the_inputs_of_its_model() {
    let service = Service::start(&OFF).await;
    let body = json!({"client_id": "C-1", "xp_points": 17, "site_level": "level_2", "colour": "red"});
    let asked = service.request(Method::POST, "/predict").header("x-bellwether-purpose", "trial").json(&body);
    let predicted: Value = asked.send().await.unwrap().json().await.unwrap();
    let told = explained(&service, &body).await;

    assert_eq!(told["score"], predicted["trial"]["probability"], "to the last bit");
    for field in ["treatment", "model", "config_version", "imputed", "ignored"] {
        assert_eq!(told[field], predicted[field], "{field}");
    }
    let (sum, difference) = sums(&told);
    assert!((sum - difference).abs() < 1e-9, "{sum} and {difference}");
    let contributions = told["contributions"].as_array().unwrap();
    assert_eq!(contributions.len(), 28, "every raw input of the model");
    let sizes: Vec<f64> = contributions.iter().map(|one| one["value"].as_f64().unwrap().abs()).collect();
    assert!(sizes.is_sorted_by(|one, other| one >= other), "the largest first: {sizes:?}");
    let given =
        |name: &str| contributions.iter().find(|one| one["feature"] == name).unwrap()["given"].clone();
    assert_eq!(given("xp_points"), 17.0);
    assert_eq!(given("site_level"), "level_2");
    assert_eq!(given("activity_score"), Value::Null, "explained as missing");
    assert_eq!(explained(&service, &body).await, told, "the same question has the same answer");
}

#[tokio::test]
async fn a_client_can_be_named_alone_and_is_explained_by_what_is_stored() {
    let service = Service::start(&OFF).await;
    let features = json!({"xp_points": 17, "site_level": "level_2"});
    let broken = json!({"xp_points": "many"});
    let rows = [client("C-1", features), client("C-2", broken)];
    service.database.upsert(&rows).await.unwrap();

    let told = explained(&service, &json!({"client_id": "C-1"})).await;
    let whole = json!({"client_id": "C-1", "xp_points": 17, "site_level": "level_2"});
    assert_eq!(told, explained(&service, &whole).await);

    let unknown = problem(&service, &json!({"client_id": "nobody"})).await;
    assert_eq!(unknown["status"], 404);
    assert!(unknown["detail"].as_str().unwrap().starts_with("client_id_not_found"), "{unknown}");
    let refused = problem(&service, &json!({"client_id": "C-2"})).await;
    assert_eq!((&refused["status"], &refused["errors"][0]["field"]), (&json!(422), &json!("xp_points")));
    let nobody = problem(&service, &json!({"client_id": ""})).await;
    assert_eq!((&nobody["status"], &nobody["errors"][0]["field"]), (&json!(422), &json!("client_id")));
    let unknown_field = problem(&service, &json!({"client_id": "C-1", "colour": "red"})).await;
    assert_eq!(unknown_field["status"], 422, "a client described by nothing is not looked up");
}

#[tokio::test]
async fn a_held_out_client_is_not_explained_and_the_heuristic_s_is_by_its_numbers() {
    let service = Service::start(&OFF).await;
    let body = json!({"client_id": "C-1", "xp_points": 17, "site_level": "level_2"});
    service
        .change_config(|document| document.heuristic_percentage = Percentage::try_from(100.0).unwrap())
        .await;
    let told = explained(&service, &body).await;
    assert_eq!((&told["treatment"], &told["model"]), (&json!("heuristic"), &Value::Null));
    assert_eq!(told["contributions"].as_array().unwrap().len(), 9, "its numbers: {told}");
    assert_eq!(told["score"], 17.0 / 250.0);
    let (sum, difference) = sums(&told);
    assert!((sum - difference).abs() < 1e-12, "{sum} and {difference}");

    service
        .change_config(|document| {
            document.heuristic_percentage = Percentage::try_from(0.0).unwrap();
            document.holdout_percentage = Percentage::try_from(100.0).unwrap();
        })
        .await;
    service.database.upsert(&[client("C-1", json!({"xp_points": 17}))]).await.unwrap();
    for body in [body, json!({"client_id": "C-1"}), json!({"xp_points": 17})] {
        let problem = problem(&service, &body).await;
        assert_eq!(problem["status"], 409, "{body}");
        assert_eq!(problem["detail"], "held-out clients are never explained");
        assert!(problem.get("score").is_none());
    }
}

#[tokio::test]
async fn with_two_arms_the_one_that_answers_is_explained() {
    let service = Service::start(&OFF).await;
    let uids = bundles();
    service
        .change_config(|document| {
            document.arms[0].percentage = Percentage::try_from(50.0).unwrap();
            let other = bellwether_core::config::Arm {
                model: uids[1].clone(),
                percentage: Percentage::try_from(50.0).unwrap(),
            };
            document.arms.push(other);
        })
        .await;
    let mut models = std::collections::BTreeSet::new();
    for number in 0..12 {
        let body = json!({"client_id": format!("C-{number}"), "xp_points": 17});
        let answer = service.request(Method::POST, "/predict").json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let told = explained(&service, &body).await;
        assert_eq!(told["model"], answer["model"]);
        let score = told["score"].as_f64().unwrap();
        assert_eq!(json!((score * 10_000.0).round() / 10_000.0), answer["prediction"]);
        models.insert(told["model"].as_str().unwrap().to_owned());
    }
    assert_eq!(models.into_iter().collect::<Vec<_>>(), uids, "each answers some");
}

#[tokio::test]
async fn more_explanations_than_can_wait_are_refused_at_once_and_predictions_go_on() {
    let slow = [("auth.mode", "off"), ("explain.queue", "1"), ("explain.rounds", "100")];
    let service = Service::start(&slow).await;
    let body = json!({"client_id": "C-1", "xp_points": 17, "site_level": "level_2"});
    let asked = futures_util::future::join_all((0..8).map(|_| explain(&service, &body)));
    let answer = service.request(Method::POST, "/predict").json(&body).send();
    let (asked, answer) = tokio::join!(asked, answer);
    assert_eq!(answer.unwrap().status(), 200);
    let (mut done, mut refused) = (0, 0);
    for response in asked {
        match response.status().as_u16() {
            200 => done += 1,
            503 => {
                assert_eq!(response.headers()["retry-after"], "1");
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(done >= 1 && refused >= 1, "{done} done, {refused} refused");
    let metrics = service.metrics().await;
    let counted = format!("bellwether_explanations_total{{outcome=\"refused\"}} {refused}");
    assert!(metrics.contains(&counted), "{counted} in {metrics}");
}

#[tokio::test]
async fn an_explanation_leaves_nothing_behind() {
    let service = Service::start(&OFF).await;
    let secret = json!({"client_id": "C-hidden-1", "xp_points": 4711.25});
    explained(&service, &secret).await;
    // What a prediction writes down afterwards is in the log: so an explanation's record would be, too.
    let answer = service.request(Method::POST, "/predict").json(&json!({"client_id": "C-2", "xp_points": 1}));
    assert_eq!(answer.send().await.unwrap().status(), 200);
    let find = || async { !service.database.of_client("C-2", 1).await.unwrap().is_empty() };
    bellwether_testkit::wait::until("it is relayed", std::time::Duration::from_secs(60), find).await;
    let logged = service.database.of_client("C-hidden-1", 10).await.unwrap();
    assert!(logged.is_empty(), "{logged:?}");
    let lines = format!("{:?}", service.lines());
    assert!(!lines.contains("C-hidden-1") && !lines.contains("4711.25"), "{lines}");
}
