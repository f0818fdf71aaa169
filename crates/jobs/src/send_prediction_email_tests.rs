use bellwether_core::prediction::{Answer, EmailOrder, Purpose, RECORD_SCHEMA};

use super::*;

fn record() -> LogRecord {
    LogRecord {
        schema: RECORD_SCHEMA,
        environment: "local".to_owned(),
        replica: "here".to_owned(),
        logging_timestamp: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        client_id: Some("c-1".to_owned()),
        purpose: None,
        input: serde_json::Map::new(),
        output: Answer {
            uid: Uuid::now_v7(),
            prediction: Some(0.8731),
            high_risk: Some("yes".into()),
            ltv: 120.5,
            recent_times_id_seen: Some(2),
            response_time: 0.001,
            treatment: Treatment::Model,
            model: Some("random_forest_1".to_owned()),
            config_version: 7,
            imputed: Vec::new(),
            ignored: Vec::new(),
            trial: None,
        },
        scores: serde_json::Map::new(),
        cut_off: std::collections::BTreeMap::new(),
        heuristic: 0.5,
        arm: "random_forest_1".to_owned(),
        email: Some(EmailOrder { recipients: vec!["a@example.org".to_owned()], dedupe_key: None }),
        trace: None,
    }
}

#[test]
fn a_record_with_an_order_causes_an_email_that_survives_storage() {
    let record = record();
    let email = SendPredictionEmail::ordered_by(&record).unwrap();
    assert_eq!(email.uid, record.uid());
    assert_eq!(email.recipients, ["a@example.org"]);
    let stored = serde_json::to_string(&email).unwrap();
    assert_eq!(SendPredictionEmail::read(&stored).unwrap(), email);
}

#[test]
fn holdouts_trials_and_records_without_an_order_cause_none() {
    let mut holdout = record();
    holdout.output.treatment = Treatment::Holdout;
    let mut trial = record();
    trial.purpose = Some(Purpose::Trial);
    let mut quiet = record();
    quiet.email = None;
    for record in [holdout, trial, quiet] {
        assert_eq!(SendPredictionEmail::ordered_by(&record), None);
    }
}

#[test]
fn the_format_before_is_read_and_a_newer_one_is_told_from_rubbish() {
    let mut stored = serde_json::to_value(SendPredictionEmail::ordered_by(&record()).unwrap()).unwrap();
    stored["schema"] = 0.into();
    stored["a_field_of_later"] = true.into();
    assert!(SendPredictionEmail::read(&stored.to_string()).is_ok());
    stored["schema"] = 2.into();
    let newer = SendPredictionEmail::read(&stored.to_string());
    assert!(matches!(newer, Err(PayloadError::Newer(2))));
    let rubbish = SendPredictionEmail::read("{\"schema\": 1}");
    assert!(matches!(rubbish, Err(PayloadError::Unreadable(_))));
}
