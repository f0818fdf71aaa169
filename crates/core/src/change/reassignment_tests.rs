use proptest::prelude::*;

use super::*;
use crate::config::{Arm, Percentage};
use crate::treatment::assign;

fn config(arms: &[(&str, u16)], heuristic: u16, holdout: u16) -> ConfigDocument {
    let share = |buckets| Percentage::from_buckets(buckets).unwrap();
    let arms =
        arms.iter().map(|(model, buckets)| Arm { model: (*model).to_owned(), percentage: share(*buckets) });
    ConfigDocument {
        arms: arms.collect(),
        heuristic_percentage: share(heuristic),
        holdout_percentage: share(holdout),
        ..ConfigDocument::initial("unused")
    }
}

fn salted(salt: &str, config: ConfigDocument) -> ConfigDocument {
    ConfigDocument { experiment_salt: salt.to_owned(), ..config }
}

/// Share of 200,000 ids that get something else.
fn counted(before: &ConfigDocument, after: &ConfigDocument) -> f64 {
    let got = |config: &ConfigDocument, id: &str| {
        let assigned = assign(config, id);
        let model = (assigned.treatment == Treatment::Model).then(|| config.arms[assigned.arm].model.clone());
        (assigned.treatment, model)
    };
    let moved = (0..200_000).map(|id| id.to_string()).filter(|id| got(before, id) != got(after, id)).count();
    moved as f64 / 200_000.0
}

#[expect(clippy::float_cmp, reason = "the share is exact")]
fn moves(before: &ConfigDocument, after: &ConfigDocument, share: f64) {
    assert_eq!(reassignment(before, after).moved, share);
}

#[test]
fn shares_that_stay_move_nobody() {
    let config = config(&[("a", 7_000), ("b", 3_000)], 1_000, 500);
    let other = ConfigDocument { proba_cutoff: 0.9, recent_window_seconds: 7, ..config.clone() };
    moves(&config, &other, 0.0);
    assert!(!reassignment(&config, &other).asks());
}

#[test]
fn an_arm_that_shrinks_moves_those_it_loses_and_is_named() {
    let (before, after) =
        (config(&[("a", 7_000), ("b", 3_000)], 0, 0), config(&[("a", 6_000), ("b", 4_000)], 0, 0));
    moves(&before, &after, 0.1);
    let reassigned = reassignment(&before, &after);
    assert_eq!((reassigned.shrunk.as_slice(), reassigned.salt_changed), (["a".to_owned()].as_slice(), false));
    assert!(reassigned.asks());
    // Of those whom a holdout keeps from the models, an arm has nobody to lose.
    let held =
        |config| ConfigDocument { holdout_percentage: Percentage::from_buckets(5_000).unwrap(), ..config };
    moves(&held(before), &held(after), 0.05);
}

#[test]
fn an_arm_that_goes_moves_its_share_and_one_of_no_share_nobody() {
    let before = config(&[("a", 5_000), ("b", 5_000)], 0, 0);
    let gone = reassignment(&before, &config(&[("a", 10_000)], 0, 0));
    assert_eq!((gone.moved, gone.shrunk), (0.5, vec!["b".to_owned()]));
    moves(&before, &config(&[("c", 0), ("a", 5_000), ("b", 5_000)], 0, 0), 0.0);
}

#[test]
fn arms_in_another_order_move_though_none_shrinks() {
    let (before, after) =
        (config(&[("a", 5_000), ("b", 5_000)], 0, 0), config(&[("b", 5_000), ("a", 5_000)], 0, 0));
    moves(&before, &after, 1.0);
    assert!(reassignment(&before, &after).shrunk.is_empty());
}

#[test]
fn a_holdout_that_grows_takes_the_heuristics_first_and_moves_the_heuristic_on() {
    moves(&config(&[("a", 10_000)], 1_000, 500), &config(&[("a", 10_000)], 1_000, 700), 0.04);
}

#[test]
fn a_new_salt_draws_everyone_anew() {
    let halves = config(&[("a", 5_000), ("b", 5_000)], 0, 0);
    let after = salted("summer", halves.clone());
    moves(&halves, &after, 0.5);
    assert!(reassignment(&halves, &after).salt_changed);
    // Where there is but one thing to get, it makes no difference.
    let one = config(&[("a", 10_000)], 0, 0);
    moves(&one, &salted("summer", one.clone()), 0.0);
}

fn any_config() -> impl Strategy<Value = ConfigDocument> {
    let kept = (0_u16..=10_000).prop_flat_map(|all| (Just(all), 0..=all));
    let models = prop::sample::subsequence(vec!["a", "b", "c", "d"], 1..=3).prop_shuffle();
    (models, 0_u16..=10_000, 0_u16..=10_000, kept, "[ab]").prop_map(
        |(models, one, two, (all, holdout), salt)| {
            let (low, high) = (one.min(two), one.max(two));
            let shares = match models.len() {
                1 => vec![10_000],
                2 => vec![low, 10_000 - low],
                _ => vec![low, high - low, 10_000 - high],
            };
            let arms: Vec<_> = models.into_iter().zip(shares).collect();
            salted(&salt, config(&arms, all - holdout, holdout))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_share_told_is_the_share_moved(before in any_config(), after in any_config()) {
        let (told, counted) = (reassignment(&before, &after).moved, counted(&before, &after));
        prop_assert!((told - counted).abs() < 0.005, "told {told}, counted {counted}");
    }
}

proptest! {
    #[test]
    fn the_same_document_moves_nobody(config in any_config()) {
        let reassigned = reassignment(&config, &config.clone());
        prop_assert_eq!(reassigned, Reassignment { moved: 0.0, salt_changed: false, shrunk: Vec::new() });
    }

    #[test]
    fn the_way_back_moves_as_many(before in any_config(), after in any_config()) {
        let (there, back) = (reassignment(&before, &after).moved, reassignment(&after, &before).moved);
        prop_assert_eq!(there.to_bits(), back.to_bits());
        prop_assert!((0.0..=1.0).contains(&there), "{there}");
    }
}
