//! The replay of what production was asked last.

use bellwether_core::change::{CheckName, ProposalState};
use bellwether_core::prediction::{Answer, LogRecord, Purpose, RECORD_SCHEMA};
use bellwether_core::treatment::Treatment;
use bellwether_settings::Console as ConsoleSettings;
use bellwether_store::PredictionLog;
use chrono::Utc;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::apis::{Behaviour, FakeApi, MODEL};
use crate::world::{Plan, World, check, found, report};

async fn world(settings: impl FnOnce(&mut ConsoleSettings) + 'static) -> (World, FakeApi, FakeApi) {
    let (stage, prod) = (FakeApi::start("stage"), FakeApi::start("prod"));
    let plan = Plan {
        stage_api: stage.url.clone(),
        prod_api: prod.url.clone(),
        settings: Box::new(settings),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    stage.over(&world.stage).await;
    prod.over(&world.prod).await;
    world.run();
    (world, stage, prod)
}

/// What production logged of a client, or of nobody in particular.
fn record(client_id: Option<&str>, purpose: Option<Purpose>) -> LogRecord {
    let mut input = json!({ "activity_score": 0.25 }).as_object().unwrap().clone();
    if let Some(id) = client_id {
        input.insert("client_id".to_owned(), id.into());
    }
    if purpose == Some(Purpose::Trial) {
        input.clear();
    }
    LogRecord {
        schema: RECORD_SCHEMA,
        environment: "prod".to_owned(),
        replica: "prod-0".to_owned(),
        logging_timestamp: Utc::now(),
        client_id: client_id.map(str::to_owned),
        purpose,
        input,
        output: Answer {
            uid: Uuid::now_v7(),
            prediction: Some(0.68),
            high_risk: Some("yes".into()),
            ltv: 0.0,
            recent_times_id_seen: None,
            response_time: 0.001,
            treatment: Treatment::Model,
            model: Some(MODEL.to_owned()),
            config_version: 1,
            imputed: Vec::new(),
            ignored: Vec::new(),
            trial: None,
        },
        scores: Map::new(),
        cut_off: std::collections::BTreeMap::new(),
        heuristic: 0.5,
        arm: MODEL.to_owned(),
        email: None,
        trace: None,
    }
}

#[tokio::test]
async fn clients_inputs_are_sent_to_both_environments_and_compared() {
    let (world, _stage, _prod) = world(|settings| settings.replay_inputs = 5).await;
    // The oldest two are past the five that are asked for.
    let mut records: Vec<_> = (0..5).map(|n| record(Some(&format!("client-{n}")), None)).collect();
    records.push(record(Some("client-4"), None));
    records.push(record(None, None));
    // More than a page of trials lies between, as on a system where little is asked but much is tried.
    records.extend((0..1_500).map(|_| record(Some("trial"), Some(Purpose::Trial))));
    records.extend((0..3).map(|_| record(Some("load"), Some(Purpose::Load))));
    PredictionLog::insert(&*world.prod, &records).await.unwrap();
    let proposal = world.passed(0.7).await;
    let replay = report(&proposal).replay.as_ref().unwrap();
    assert_eq!(replay.inputs, 5);
    assert_eq!(replay.clients, 4, "one asked twice, one is nobody");
    assert_eq!((replay.errors, replay.current_version), (0, 1));
    // At 0.65 a score of 0.68 is of high risk, at 0.7 it is not.
    assert_eq!((replay.flipped_to_yes, replay.flipped_to_no), (0, 4));
    assert!((replay.high_risk_before - 1.0).abs() < 1e-9 && replay.high_risk_after.abs() < 1e-9);
    assert_eq!(replay.before.counts[13], 5);
    assert!((replay.after.mean - 0.68).abs() < 1e-9);
    assert!(replay.latency_p50_ms > 0.0 && replay.latency_p99_ms >= replay.latency_p50_ms);
    // Three rows, one way, five inputs.
    assert!(check(&proposal, CheckName::Cutoff).summary.starts_with("9 answers"));
}

#[tokio::test]
async fn more_flips_than_settings_allow_keep_a_document_from_passing() {
    let (world, _stage, _prod) = world(|settings| settings.replay_max_flip_percent = 10).await;
    PredictionLog::insert(&*world.prod, &[record(Some("a"), None), record(Some("b"), None)]).await.unwrap();
    let proposal = world.tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Failed);
    let found = found(&proposal, CheckName::Replay);
    assert_eq!(found, "`high_risk` changes for 100.0 percent of clients, over 10 percent");
    assert!(report(&proposal).replay.is_some(), "what was found is shown all the same");
}

#[tokio::test]
async fn answers_slower_than_settings_allow_keep_a_document_from_passing() {
    let (world, _stage, _prod) = world(|settings| settings.replay_max_p99_milliseconds = 0).await;
    PredictionLog::insert(&*world.prod, &[record(Some("a"), None)]).await.unwrap();
    let found = found(&world.tried(0.7).await, CheckName::Replay);
    assert!(found.starts_with("the 99th percentile of staging's answers is"), "{found}");
}

#[tokio::test]
async fn a_production_that_cannot_be_asked_keeps_a_document_from_passing_and_names_no_client() {
    let (world, _stage, prod) = world(|_| {}).await;
    prod.behave(Behaviour::Status(503));
    PredictionLog::insert(&*world.prod, &[record(Some("somebody-in-particular"), None)]).await.unwrap();
    let proposal = world.tried(0.7).await;
    let found = found(&proposal, CheckName::Replay);
    assert!(found.starts_with("input 1 was not answered: it answered 503"), "{found}");
    assert!(found.ends_with("(production)"), "{found}");
    assert!(!found.contains("something failed"), "what it says may be of what it was sent: {found}");
    let whole = serde_json::to_string(&proposal).unwrap();
    assert!(!whole.contains("somebody-in-particular"), "a report names no client");
}

#[tokio::test]
async fn answers_of_another_production_version_are_compared_with_nothing() {
    let (world, _stage, prod) = world(|_| {}).await;
    prod.behave(Behaviour::Version(9));
    PredictionLog::insert(&*world.prod, &[record(Some("a"), None)]).await.unwrap();
    let found = found(&world.tried(0.7).await, CheckName::Replay);
    assert!(found.contains("was answered by version 9, not by version 1"), "{found}");
}
