//! Explanations of the models that ship: their laws, and what the `shap` package says of the same clients.

use std::collections::BTreeMap;

use bellwether_core::config::{ConfigDocument, ConfigVersion, Percentage};
use bellwether_core::customer::{Customer, InputKind};
use bellwether_core::explain::{Explanation, Subject, explain};
use bellwether_core::prediction::{Snapshot, heuristic};
use bellwether_core::treatment::{Assignment, Treatment};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{bundles, version};

const MODEL: Assignment = Assignment { treatment: Treatment::Model, arm: 0 };
const HEURISTIC: Assignment = Assignment { treatment: Treatment::Heuristic, arm: 0 };

/// What training/explain_reference.py wrote.
#[derive(Deserialize)]
struct Reference {
    bundles: BTreeMap<String, BundleReference>,
}

#[derive(Deserialize)]
struct BundleReference {
    sha256: String,
    clients: Vec<ClientReference>,
}

#[derive(Deserialize)]
struct ClientReference {
    input: Box<RawValue>,
    score: f64,
    base: f64,
    contributions: BTreeMap<String, ValueReference>,
}

#[derive(Deserialize)]
struct ValueReference {
    value: f64,
    standard_error: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("shap.json")).unwrap()
}

/// One model for everyone.
fn snapshot(uid: &str) -> Snapshot {
    Snapshot::build(version(ConfigDocument::initial(uid)), &bundles()).unwrap()
}

fn customer(snapshot: &Snapshot, body: &str) -> Customer {
    Customer::parse(body.as_bytes(), &snapshot.schema, NaiveDate::MAX).unwrap()
}

fn of_model(snapshot: &Snapshot, customer: &Customer, rounds: usize) -> Explanation {
    explain(&Subject::of(snapshot, MODEL).unwrap(), customer, rounds, 1).unwrap()
}

fn sum(told: &Explanation) -> f64 {
    told.contributions.iter().map(|one| one.value).sum()
}

#[test]
fn the_shap_package_gives_the_same_values_to_both_errors() {
    let reference = reference();
    assert_eq!(reference.bundles.keys().collect::<Vec<_>>(), bundles().keys().collect::<Vec<_>>());
    let mut distances = Vec::new();
    for (uid, bundle) in &reference.bundles {
        let snapshot = snapshot(uid);
        let live = snapshot.models[0].bundle.sha256();
        assert_eq!(live, bundle.sha256, "{uid} has changed: run training/explain_reference.py again");
        for client in &bundle.clients {
            let told = of_model(&snapshot, &customer(&snapshot, client.input.get()), 6);
            assert!((told.score - client.score).abs() < 1e-5 && (told.base - client.base).abs() < 1e-5);
            assert_eq!(told.contributions.len(), client.contributions.len());
            for one in &told.contributions {
                let theirs = &client.contributions[&one.feature];
                let error = one.standard_error.hypot(theirs.standard_error);
                // The graph itself is the same to 1e-5 only; then five errors of each together.
                let far = (one.value - theirs.value).abs();
                assert!(
                    far <= 1e-5 + 5.0 * error,
                    "{uid}, {}: {one:?}, shap says {}",
                    one.feature,
                    theirs.value
                );
                distances.extend((error > 0.0).then(|| (far / error).powi(2)));
            }
            let largest = told.contributions[0].value.abs();
            assert!(largest > 20.0 * told.contributions[0].standard_error, "the comparison is a sharp one");
        }
    }
    // Were the errors told too large, or the values too far, the distances would not be about one error.
    let typical = (distances.iter().sum::<f64>() / distances.len() as f64).sqrt();
    assert!(distances.len() > 150 && (0.7..1.3).contains(&typical), "{typical} over {}", distances.len());
}

#[test]
fn values_sum_to_the_score_less_the_base_and_inputs_without_a_column_get_nothing() {
    for uid in bundles().keys() {
        let snapshot = snapshot(uid);
        let bundle = &snapshot.models[0].bundle;
        for row in &bundle.manifest().parity[..4] {
            let customer = customer(&snapshot, row.input.get());
            let told = of_model(&snapshot, &customer, 1);
            assert!((sum(&told) - (told.score - told.base)).abs() < 1e-9, "{uid}: {told:?}");
            assert!((told.score - row.probability).abs() < 1e-5);
            let dropped = told.contributions.iter().find(|one| one.feature == "profile_score_new").unwrap();
            assert_eq!((dropped.value, dropped.standard_error), (0.0, 0.0), "no column is made of it");
        }
    }
}

#[test]
fn inputs_that_equal_the_background_s_cost_nothing() {
    for uid in bundles().keys() {
        let snapshot = snapshot(uid);
        let told = of_model(&snapshot, &snapshot.models[0].bundle.background()[0], 1);
        let all = 1 + 100 + 100 * 2 * (told.contributions.len() - 1);
        assert!(told.evaluations < all * 9 / 10, "{} of {all}", told.evaluations);
        assert!((sum(&told) - (told.score - told.base)).abs() < 1e-9);
    }
}

#[test]
fn what_is_missing_is_explained_as_missing() {
    let uid = bundles().into_keys().next().unwrap();
    let snapshot = snapshot(&uid);
    let told = of_model(&snapshot, &customer(&snapshot, r#"{"xp_points": 17}"#), 1);
    let of = |name: &str| told.contributions.iter().find(|one| one.feature == name).unwrap();
    assert_eq!(of("xp_points").given, 17.0);
    assert!(of("browser_type").given.is_null());
    assert!(of("browser_type").value != 0.0, "that it is missing pushes too: {told:?}");
}

#[test]
fn the_heuristic_is_explained_by_its_numbers_alone() {
    let uid = bundles().into_keys().next().unwrap();
    let snapshot = snapshot(&uid);
    let body = r#"{"xp_points": 20, "activity_score": 5, "site_level": "level_2"}"#;
    let customer = customer(&snapshot, body);
    let told = explain(&Subject::of(&snapshot, HEURISTIC).unwrap(), &customer, 20, 1).unwrap();
    assert!((told.score - heuristic(&customer)).abs() < 1e-15);
    assert!((sum(&told) - (told.score - told.base)).abs() < 1e-12);
    let of = |name: &str| told.contributions.iter().find(|one| one.feature == name);
    assert!(of("site_level").is_none());
    for (name, exact) in exact_of_heuristic(&snapshot, &customer) {
        let one = of(&name).unwrap();
        assert!(
            (one.value - exact).abs() <= 6.0 * one.standard_error + 1e-9,
            "{name}: {one:?}, exactly {exact}"
        );
    }
}

/// The heuristic's Shapley values by their definition: every coalition of its numbers, weighted.
fn exact_of_heuristic(snapshot: &Snapshot, customer: &Customer) -> Vec<(String, f64)> {
    let inputs = snapshot.schema.names().zip(snapshot.schema.kinds()).enumerate();
    let numbers = inputs.filter(|(_, (_, kind))| **kind == InputKind::Number);
    let players: Vec<_> = numbers.map(|(at, (name, _))| (name.to_owned(), at)).collect();
    let background = snapshot.models[0].bundle.background();
    let worth = |coalition: usize| {
        let mix = |row: &Customer| {
            let mut mixed = row.clone();
            for (_, &(_, at)) in players.iter().enumerate().filter(|(p, _)| coalition >> p & 1 == 1) {
                mixed.values[at] = customer.values[at].clone();
            }
            heuristic(&mixed)
        };
        background.iter().map(mix).sum::<f64>() / background.len() as f64
    };
    let worths: Vec<f64> = (0..1_usize << players.len()).map(worth).collect();
    let factorial = |number: usize| (1..=number).map(|factor| factor as f64).product::<f64>();
    let value = |player: usize| {
        let without = (0..worths.len()).filter(|coalition| coalition >> player & 1 == 0);
        let gain = |coalition: usize| {
            let size = coalition.count_ones() as usize;
            let weight = factorial(size) * factorial(players.len() - size - 1) / factorial(players.len());
            weight * (worths[coalition | 1 << player] - worths[coalition])
        };
        without.map(gain).sum::<f64>()
    };
    players.iter().enumerate().map(|(player, (name, _))| (name.clone(), value(player))).collect()
}

#[test]
fn a_held_out_client_has_nothing_to_explain() {
    let uid = bundles().into_keys().next().unwrap();
    let mut document = ConfigDocument::initial(&uid);
    document.holdout_percentage = Percentage::try_from(100.0).unwrap();
    let config: ConfigVersion = version(document);
    let snapshot = Snapshot::build(config, &bundles()).unwrap();
    let holdout = Assignment { treatment: Treatment::Holdout, arm: 0 };
    assert!(Subject::of(&snapshot, holdout).is_none());
    assert!(Subject::of(&snapshot, Assignment { treatment: Treatment::Model, arm: 7 }).is_none());
}
