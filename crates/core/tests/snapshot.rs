//! What is live, with the bundles that ship: who answers, who only scores, what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "snapshot/explanations.rs"]
mod explanations;

use std::path::Path;

use bellwether_core::bundle::{Bundles, ModelFolder};
use bellwether_core::config::{Arm, ConfigDocument, ConfigVersion, Percentage};
use bellwether_core::customer::Customer;
use bellwether_core::prediction::{Decision, Snapshot};
use bellwether_core::treatment::Treatment;
use chrono::{DateTime, NaiveDate};

fn bundles() -> Bundles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    ModelFolder::new(folder).scan().unwrap()
}

fn version(document: ConfigDocument) -> ConfigVersion {
    ConfigVersion {
        environment: "prod".to_owned(),
        version: 1,
        parent: None,
        sha256: document.sha256().unwrap(),
        document,
        author: "a test".to_owned(),
        reason: "to see".to_owned(),
        created_at: DateTime::UNIX_EPOCH,
        provenance: None,
    }
}

/// Both shipped models: the first answers everyone, the second as `second` says.
fn document(bundles: &Bundles, second: Second) -> ConfigDocument {
    let uids: Vec<_> = bundles.keys().cloned().collect();
    let mut document = ConfigDocument::initial(&uids[0]);
    match second {
        Second::Shadow => document.shadow.push(uids[1].clone()),
        Second::Arm(share) => {
            document.arms[0].percentage = Percentage::try_from(100.0 - share).unwrap();
            document
                .arms
                .push(Arm { model: uids[1].clone(), percentage: Percentage::try_from(share).unwrap() });
        }
    }
    document
}

#[derive(Clone, Copy)]
enum Second {
    Shadow,
    Arm(f64),
}

fn decide(snapshot: &Snapshot, ids: &[String]) -> Vec<Decision> {
    let body = br#"{"xp_points":18.2,"site_level":"level_2","acquired_date":"2015-06-09"}"#;
    let customer =
        Customer::parse(body, &snapshot.schema, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()).unwrap();
    let customers = vec![&customer; ids.len()];
    snapshot.decide(&customers, &ids.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

fn ids(count: u32) -> Vec<String> {
    (0..count).map(|id| id.to_string()).collect()
}

#[test]
fn a_shadow_scores_everyone_and_answers_no_one() {
    let bundles = bundles();
    let snapshot = Snapshot::build(version(document(&bundles, Second::Shadow)), &bundles).unwrap();
    for decision in decide(&snapshot, &ids(500)) {
        assert_eq!(decision.scores.len(), 2);
        assert_eq!(decision.assignment.arm, 0);
        assert_eq!(decision.probability, decision.scores[0].ok());
    }
}

#[test]
fn models_of_one_feature_specification_share_the_computed_features() {
    let bundles = bundles();
    let snapshot = Snapshot::build(version(document(&bundles, Second::Shadow)), &bundles).unwrap();
    assert_eq!(snapshot.pipelines.len(), 1, "the shipped bundles were trained on one specification");
}

#[test]
fn arms_answer_their_shares_and_every_arm_scores_everyone() {
    let bundles = bundles();
    let snapshot = Snapshot::build(version(document(&bundles, Second::Arm(30.0))), &bundles).unwrap();
    let decisions = decide(&snapshot, &ids(10_000));
    let second = decisions.iter().filter(|decision| decision.assignment.arm == 1).count();
    assert!((2_800..3_200).contains(&second), "{second} of 10,000");
    assert!(decisions.iter().all(|d| d.probability == d.scores[d.assignment.arm].ok()));
}

#[test]
fn a_held_out_client_has_scores_but_no_prediction_and_the_heuristic_its_own() {
    let bundles = bundles();
    let mut config = document(&bundles, Second::Shadow);
    config.holdout_percentage = Percentage::ALL;
    let snapshot = Snapshot::build(version(config.clone()), &bundles).unwrap();
    let held_out = decide(&snapshot, &ids(1)).remove(0);
    assert_eq!(held_out.assignment.treatment, Treatment::Holdout);
    assert_eq!((held_out.probability, held_out.high_risk, held_out.scores.len()), (None, None, 2));
    config.holdout_percentage = Percentage::NONE;
    config.heuristic_percentage = Percentage::ALL;
    let snapshot = Snapshot::build(version(config), &bundles).unwrap();
    let heuristic = decide(&snapshot, &ids(1)).remove(0);
    assert_eq!(heuristic.probability, Some(18.2 / 250.0));
    assert_eq!(heuristic.high_risk, Some(false));
}

#[test]
fn the_cutoff_itself_is_high_risk() {
    let bundles = bundles();
    let mut config = document(&bundles, Second::Shadow);
    let snapshot = Snapshot::build(version(config.clone()), &bundles).unwrap();
    let probability = decide(&snapshot, &ids(1)).remove(0).probability.unwrap();
    config.proba_cutoff = probability;
    let snapshot = Snapshot::build(version(config), &bundles).unwrap();
    assert_eq!(decide(&snapshot, &ids(1)).remove(0).high_risk, Some(true));
}

#[test]
fn every_model_that_is_missing_is_named_at_once() {
    let bundles = bundles();
    let mut config = document(&bundles, Second::Shadow);
    config.arms[0].model = "nowhere".to_owned();
    config.shadow[0] = "nor_here".to_owned();
    let refusals = Snapshot::build(version(config), &bundles).unwrap_err();
    let told: Vec<_> = refusals.iter().map(ToString::to_string).collect();
    assert!(told.len() == 2 && told[0].contains("`nowhere`") && told[1].contains("`nor_here`"), "{told:?}");
}
