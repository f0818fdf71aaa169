//! Who gets what is the same on every replica, after a restart, and as the algorithm says.

use bellwether_core::config::{Arm, ConfigDocument, Percentage};
use bellwether_core::treatment::{Treatment, assign};
use bellwether_store::PredictionLog;
use bellwether_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Service, bundles};

const CLIENTS: usize = 1_000;

/// What each client is answered: the treatment, and the model if one answered.
async fn answered(service: &Service) -> Vec<(String, Value)> {
    let rows: Vec<_> =
        (0..CLIENTS).map(|id| json!({ "client_id": id.to_string(), "xp_points": 17 })).collect();
    let asked = service.request(Method::POST, "/predict/batch").json(&rows);
    let answers: Vec<Value> = asked.send().await.unwrap().json().await.unwrap();
    let told = |answer: &Value| (answer["treatment"].as_str().unwrap().to_owned(), answer["model"].clone());
    answers.iter().map(told).collect()
}

fn shared(document: &mut ConfigDocument, second: f64) {
    let share = |percent| Percentage::try_from(percent).unwrap();
    document.arms[0].percentage = share(100.0 - second);
    document.arms.push(Arm { model: bundles()[1].clone(), percentage: share(second) });
    "autumn".clone_into(&mut document.experiment_salt);
}

#[tokio::test]
async fn three_replicas_and_a_restarted_one_answer_a_client_alike_and_as_the_algorithm_says() {
    let mut services = Vec::new();
    let mut document = ConfigDocument::initial(&bundles()[0]);
    for _ in 0..3 {
        let service = Service::start(&[("auth.mode", "off")]).await;
        let change = |live: &mut ConfigDocument| {
            shared(live, 30.0);
            live.heuristic_percentage = Percentage::try_from(10.0).unwrap();
            live.holdout_percentage = Percentage::try_from(5.0).unwrap();
            document = live.clone();
        };
        service.change_config(change).await;
        services.push(service);
    }
    let expected: Vec<_> = (0..CLIENTS)
        .map(|id| {
            let assigned = assign(&document, &id.to_string());
            let model = match assigned.treatment {
                Treatment::Model => json!(document.arms[assigned.arm].model),
                _ => Value::Null,
            };
            (assigned.treatment.as_str().to_owned(), model)
        })
        .collect();
    for service in &services {
        assert!(answered(service).await == expected, "a replica answers as the algorithm says");
    }
    services[2].restart().await;
    assert!(answered(&services[2]).await == expected, "and so after a restart");
}

#[tokio::test]
async fn with_one_arm_at_a_hundred_percent_the_other_answers_no_one_and_scores_everyone() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    service.change_config(|document| shared(document, 0.0)).await;
    let uids = bundles();
    let all_by_the_first = ("model".to_owned(), json!(uids[0]));
    assert!(answered(&service).await.iter().all(|answer| *answer == all_by_the_first));
    let logged = async || PredictionLog::count(&*service.database).await.unwrap() == CLIENTS as u64;
    until("every prediction is in the log", std::time::Duration::from_secs(20), logged).await;
    let records = service.database.recent(100).await.unwrap();
    assert_eq!(records.len(), 100);
    for record in records {
        let told = record.scores.keys().chain(record.cut_off.keys()).collect::<Vec<_>>();
        assert_eq!(told.len(), 2, "what each arm said, or why not, is in the record: {record:?}");
        assert_eq!(record.arm, uids[0]);
        assert!(record.scores.contains_key(&uids[0]) && record.heuristic > 0.0);
    }
}
