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
fn the_page_for_other_systems_says_what_is_done_here() {
    let page = include_str!("../../../docs/treatment.md");
    let mut vectors = 0;
    let config = config(&[("a", 70.0), ("b", 30.0)], 10.0, 5.0);
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> =
            line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect();
        let [salt, id, treatment, arm, gets] = cells[..] else { panic!("{line}") };
        let id: String = serde_json::from_str(id).unwrap();
        let drawn = (draw(salt, "treatment", &id).to_string(), draw(salt, "arm", &id).to_string());
        assert_eq!(drawn, (treatment.to_owned(), arm.to_owned()), "{line}");
        let assigned = assign(&ConfigDocument { experiment_salt: salt.to_owned(), ..config.clone() }, &id);
        let model = format!("model `{}", config.arms[assigned.arm].model);
        let got = if assigned.treatment == Treatment::Model { &model } else { assigned.treatment.as_str() };
        assert_eq!(got, gets, "{line}");
        vectors += 1;
    }
    assert!(vectors >= 16, "{vectors}");
}

/// Of a million ids, how many got each treatment under one salt and under another.
fn under_two_salts(first: &ConfigDocument, second: &ConfigDocument) -> [[u64; 3]; 3] {
    let at = |treatment| match treatment {
        Treatment::Holdout => 0,
        Treatment::Heuristic => 1,
        Treatment::Model => 2,
    };
    let mut counts = [[0; 3]; 3];
    for id in (0..1_000_000).map(|id| format!("client-{id}")) {
        counts[at(assign(first, &id).treatment)][at(assign(second, &id).treatment)] += 1;
    }
    counts
}

#[test]
fn a_million_clients_get_their_shares_within_two_tenths_of_a_point_and_anew_under_another_salt() {
    let first = config(&[("a", 70.0), ("b", 30.0)], 10.0, 5.0);
    let second = ConfigDocument { experiment_salt: "another".to_owned(), ..first.clone() };
    let counts = under_two_salts(&first, &second);
    let rows = counts.map(|row| row.iter().sum::<u64>() as f64);
    let columns = [0, 1, 2].map(|column| counts.iter().map(|row| row[column]).sum::<u64>() as f64);
    for (share, wanted) in rows.iter().chain(&columns).zip([5.0, 10.0, 85.0].iter().cycle()) {
        assert!((share / 10_000.0 - wanted).abs() < 0.2, "{share} of a million, not {wanted} percent");
    }
    let mut chi_squared = 0.0;
    for (row, counts) in rows.iter().zip(counts) {
        for (column, count) in columns.iter().zip(counts) {
            let expected = row * column / 1e6;
            chi_squared += (count as f64 - expected).powi(2) / expected;
        }
    }
    // The 99.9th percentile of chi-squared with four degrees of freedom.
    assert!(chi_squared < 18.467, "treatments under two salts are not independent: {chi_squared}");
}

#[test]
fn two_salts_that_were_one_would_be_told_apart_from_independence() {
    let config = config(&[("a", 100.0)], 10.0, 5.0);
    let counts = under_two_salts(&config, &config);
    assert_eq!(counts[0][1] + counts[1][0] + counts[2][0], 0, "{counts:?}");
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
