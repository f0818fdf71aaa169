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

/// A folder with copies of both shipped bundles, and their uids.
fn copied() -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let uids: Vec<_> = bundles().into_keys().collect();
    for uid in &uids {
        std::fs::create_dir(folder.path().join(uid)).unwrap();
        for file in ["manifest.json", "model.onnx"] {
            std::fs::copy(models.join(uid).join(file), folder.path().join(uid).join(file)).unwrap();
        }
    }
    (folder, uids.try_into().unwrap())
}

#[test]
fn every_bundle_is_verified_but_only_the_wanted_is_in_memory_and_only_while_somebody_has_it() {
    let (folder, [first, second]) = copied();
    let models = ModelFolder::new(folder.path());
    let look = models.look(|uid| uid == first).unwrap();
    assert_eq!(look.known.keys().collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(look.loaded.keys().collect::<Vec<_>>(), [&first]);
    let held = look.loaded[&first].clone().unwrap();
    assert_eq!(look.known[&first].as_ref().unwrap().sha256, held.sha256());
    let again = models.look(|_| true).unwrap().loaded;
    assert!(std::sync::Arc::ptr_eq(again[&first].as_ref().unwrap(), &held), "it is not loaded twice");
    let gone = std::sync::Arc::downgrade(again[&second].as_ref().unwrap());
    drop(again);
    assert_eq!(gone.strong_count(), 0, "nobody else keeps it");
    for uid in [&first, &second] {
        let (manifest, sha256) = models.manifest(uid).unwrap().unwrap();
        assert_eq!((&manifest.uid, &sha256), (uid, &look.known[uid].as_ref().unwrap().sha256));
    }
    assert!(models.manifest("nowhere").unwrap().is_none());
}

#[test]
fn a_bundle_whose_files_change_is_verified_anew_but_not_while_it_serves() {
    let (folder, [first, second]) = copied();
    let models = ModelFolder::new(folder.path());
    let held = models.look(|uid| uid == first).unwrap();
    for uid in [&first, &second] {
        std::fs::write(folder.path().join(uid).join("model.onnx"), "no graph").unwrap();
    }
    let look = models.look(|uid| uid == first).unwrap();
    assert!(look.loaded[&first].is_ok() && look.known[&first].is_ok(), "what serves stays");
    assert!(look.known[&second].as_ref().unwrap_err().contains("onnx.bytes"), "{:?}", look.known[&second]);
    assert!(models.manifest(&second).unwrap().is_none());
    drop((held, look));
    let look = models.look(|uid| uid == first).unwrap();
    assert!(look.loaded[&first].is_err() && look.known[&first].is_err());
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
