use proptest::prelude::*;

use super::*;
use crate::config::{Arm, ConfigDocument, Percentage};

fn config(arms: &[(&str, f64)], heuristic: f64, holdout: f64) -> ConfigDocument {
    let arms = arms.iter().map(|(model, share)| Arm {
        model: (*model).to_owned(),
        percentage: Percentage::try_from(*share).unwrap(),
    });
    ConfigDocument {
        arms: arms.collect(),
        heuristic_percentage: Percentage::try_from(heuristic).unwrap(),
        holdout_percentage: Percentage::try_from(holdout).unwrap(),
        ..ConfigDocument::initial("unused")
    }
}

/// Shares of (holdout, heuristic, first arm among models) over 200,000 ids.
fn shares(config: &ConfigDocument) -> (f64, f64, f64) {
    let assigned: Vec<_> = (0..200_000).map(|id| assign(config, &id.to_string())).collect();
    let share = |count: usize, of: usize| if of == 0 { 0.0 } else { count as f64 / of as f64 };
    let of = |treatment| assigned.iter().filter(|a| a.treatment == treatment).count();
    let models = of(Treatment::Model);
    let first = assigned.iter().filter(|a| a.treatment == Treatment::Model && a.arm == 0).count();
    let all = assigned.len();
    (share(of(Treatment::Holdout), all), share(of(Treatment::Heuristic), all), share(first, models))
}

#[test]
fn draws_equal_the_published_test_vectors() {
    // Computed apart from this code: int.from_bytes(sha256(b"bellwether\0treatment\0" + id).digest()[:8]) % 10000
    assert_eq!(draw("bellwether", "treatment", "100001"), 8413);
    assert_eq!(draw("bellwether", "arm", "100001"), 8090);
    assert_eq!(draw("summer", "treatment", "é"), 893);
}

#[test]
fn the_share_named_is_the_share_served() {
    let (holdout, heuristic, first) = shares(&config(&[("a", 70.0), ("b", 30.0)], 10.0, 5.0));
    assert!((holdout - 0.05).abs() < 0.002, "{holdout}");
    assert!((heuristic - 0.10).abs() < 0.002, "{heuristic}");
    assert!((first - 0.70).abs() < 0.003, "{first}");
}

#[test]
fn a_hundred_means_all_and_zero_means_none() {
    let (holdout, heuristic, first) = shares(&config(&[("a", 100.0), ("b", 0.0)], 0.0, 0.0));
    assert_eq!((holdout, heuristic, first), (0.0, 0.0, 1.0));
    let (_, _, first) = shares(&config(&[("a", 0.0), ("b", 100.0)], 0.0, 0.0));
    assert!(first.abs() < f64::EPSILON);
    let (holdout, ..) = shares(&config(&[("a", 100.0)], 0.0, 100.0));
    assert!((holdout - 1.0).abs() < f64::EPSILON);
}

proptest! {
    #[test]
    fn a_client_keeps_its_treatment_while_the_config_stands(id in "[ -~]{1,40}") {
        let config = config(&[("a", 50.0), ("b", 50.0)], 20.0, 20.0);
        prop_assert_eq!(assign(&config, &id), assign(&config.clone(), &id));
    }

    #[test]
    fn a_client_held_out_stays_so_while_the_holdout_grows(id in "[0-9]{1,12}", small in 0u16..100, more in 0u16..100) {
        let of = |holdout: u16| assign(&config(&[("a", 100.0)], 0.0, f64::from(holdout)), &id).treatment;
        if of(small.min(more)) == Treatment::Holdout {
            prop_assert_eq!(of(small.max(more)), Treatment::Holdout);
        }
    }
}
