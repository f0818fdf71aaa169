//! Every statistic beside what scipy, statsmodels and scikit-learn make of the same data
//! (`training/statistics_reference.py`), and what none of them is asked: too few data.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/statistics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of the fixture")]
fn proportion(count: f64, of: f64) -> Proportion {
    Proportion { count: count as u64, of: of as u64 }
}

fn near(found: f64, expected: f64, relative: f64) {
    let off = (found - expected).abs();
    assert!(off <= relative * expected.abs().max(1e-3), "{found} is not {expected}");
}

#[test]
fn tails_and_quantiles_are_scipys() {
    let known = &fixture()["distributions"];
    for row in rows(&known["normal_quantile"]) {
        near(normal_quantile(row[0]), row[1], 1e-9);
    }
    for row in rows(&known["normal_two_sided"]) {
        near(normal_two_sided(row[0]), row[1], 1e-9);
    }
    for row in rows(&known["chi_squared_tail"]) {
        let degrees = if row[1] > 100.0 { 200 } else { u32::from(row[1].to_string().parse::<u8>().unwrap()) };
        near(chi_squared_tail(row[0], degrees), row[2], 1e-8);
    }
    for row in rows(&known["kolmogorov_tail"]) {
        near(kolmogorov_tail(row[0]), row[1], 1e-9);
    }
}

#[test]
fn intervals_of_proportions_are_statsmodels() {
    let known = &fixture()["proportions"];
    for row in rows(&known["wilson"]) {
        let found = wilson(proportion(row[0], row[1]), 0.05).unwrap();
        near(found.low, row[2], 1e-9);
        near(found.high, row[3], 1e-9);
    }
    for row in rows(&known["newcombe"]) {
        let found = newcombe(proportion(row[0], row[1]), proportion(row[2], row[3]), 0.05).unwrap().1;
        near(found.low, row[4], 1e-8);
        near(found.high, row[5], 1e-8);
    }
    let strata: Vec<_> = rows(&known["stratified"]["strata"])
        .iter()
        .map(|row| (proportion(row[0], row[1]), proportion(row[2], row[3])))
        .collect();
    let found = stratified_difference(&strata, 0.05).unwrap();
    near(found.estimate, known["stratified"]["estimate"].as_f64().unwrap(), 1e-10);
    let limits = numbers(&known["stratified"]["interval"]);
    near(found.fixed.low, limits[0], 1e-8);
    near(found.fixed.high, limits[1], 1e-8);
}

#[test]
fn tests_of_counts_are_scipys() {
    let known = &fixture()["counts"];
    let observed: Vec<u64> =
        known["fit"]["observed"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    let found = goodness_of_fit(&observed, &numbers(&known["fit"]["shares"])).unwrap();
    near(found.statistic, known["fit"]["statistic"].as_f64().unwrap(), 1e-12);
    near(found.p_value, known["fit"]["p"].as_f64().unwrap(), 1e-9);
    let of_row = |row: &Value| row.as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    let table: Vec<Vec<u64>> = known["table"]["rows"].as_array().unwrap().iter().map(of_row).collect();
    let found = independence(&table).unwrap();
    near(found.statistic, known["table"]["statistic"].as_f64().unwrap(), 1e-12);
    near(found.p_value, known["table"]["p"].as_f64().unwrap(), 1e-9);
    near(found.cramers_v, known["table"]["cramers_v"].as_f64().unwrap(), 1e-12);
    assert_eq!(u64::from(found.degrees), known["table"]["degrees"].as_u64().unwrap());
}

#[test]
fn areas_and_their_covariance_are_those_of_every_pair_of_cases() {
    let known = &fixture()["models"];
    let labels: Vec<bool> = known["labels"].as_array().unwrap().iter().filter_map(Value::as_bool).collect();
    let scores = rows(&known["scores"]);
    let areas = Areas::of(&scores, &labels).unwrap();
    for (found, expected) in areas.areas.iter().zip(numbers(&known["areas"])) {
        near(*found, expected, 1e-12);
    }
    for (found, expected) in
        areas.covariance.iter().flatten().zip(rows(&known["covariance"]).iter().flatten())
    {
        near(*found, *expected, 1e-9);
    }
    let difference = areas.difference(0, 1, 0.05).unwrap();
    near(difference.difference, known["difference"]["value"].as_f64().unwrap(), 1e-12);
    let limits = numbers(&known["difference"]["interval"]);
    near(difference.interval.low, limits[0], 1e-9);
    near(difference.interval.high, limits[1], 1e-9);
    near(difference.p_value.unwrap(), known["difference"]["p"].as_f64().unwrap(), 1e-7);
    assert_eq!(areas.difference(1, 1, 0.05).unwrap().p_value, None, "a model does not differ from itself");
    // The curve's area, by trapezoids, is the statistic's.
    let curve = roc_curve(&scores[2], &labels, usize::MAX);
    let trapezoid = |pair: &[[f64; 2]]| (pair[1][0] - pair[0][0]) * f64::midpoint(pair[0][1], pair[1][1]);
    near(curve.windows(2).map(trapezoid).sum(), areas.areas[2], 1e-12);
}

#[test]
fn scores_of_probabilities_are_scikit_learns() {
    let known = &fixture()["models"];
    let labels: Vec<bool> = known["labels"].as_array().unwrap().iter().filter_map(Value::as_bool).collect();
    let scores = rows(&known["scores"]);
    let loss = log_loss(&scores[1], &labels);
    near(loss.mean(), known["blunt_log_loss"]["value"].as_f64().unwrap(), 1e-12);
    let limits = numbers(&known["blunt_log_loss"]["interval"]);
    near(loss.interval(0.05).unwrap().low, limits[0], 1e-9);
    near(loss.interval(0.05).unwrap().high, limits[1], 1e-9);
    near(brier(&scores[1], &labels).mean(), known["blunt_brier"].as_f64().unwrap(), 1e-12);
    let bins = calibration(&numbers(&known["distinct"]), &labels, 10, 0.05);
    let expected = rows(&known["calibration"]);
    assert_eq!(bins.len(), expected.len());
    for (bin, expected) in bins.iter().zip(&expected) {
        near(bin.mean_score, expected[0], 1e-12);
        near(bin.came.share().unwrap(), expected[1], 1e-12);
    }
    let called = calls(&scores[0], &scores[1], 0.3).unwrap();
    near(called.same, known["same"].as_f64().unwrap(), 1e-12);
    near(called.kappa.unwrap(), known["kappa"].as_f64().unwrap(), 1e-12);
    near(spearman(&scores[0], &scores[2]).unwrap(), known["spearman"].as_f64().unwrap(), 1e-12);
    assert_eq!(midranks(&scores[2]), numbers(&known["midranks"]));
}

#[test]
fn the_sequence_ends_where_the_integrated_mixture_reaches_one_over_alpha() {
    for row in rows(&fixture()["sequences"]) {
        let found = confidence_sequence(row[0], row[1], MIXTURE, row[2]);
        near(found.low, row[3], 1e-7);
        near(found.high, row[4], 1e-7);
        near(always_valid_p(row[0], row[1], MIXTURE), row[5], 1e-7);
    }
}

#[test]
fn nothing_is_said_of_too_few() {
    let none = Proportion::default();
    assert_eq!(none.share(), None);
    assert_eq!(wilson(none, 0.05), None);
    assert_eq!(newcombe(none, Proportion { count: 1, of: 2 }, 0.05), None);
    assert_eq!(stratified_difference(&[(none, Proportion { count: 1, of: 2 })], 0.05), None);
    assert_eq!(goodness_of_fit(&[0, 0], &[0.5, 0.5]), None);
    assert_eq!(goodness_of_fit(&[7], &[1.0]), None, "there is but one way to fall");
    assert_eq!(independence(&[vec![3, 4], vec![0, 0]]), None);
    assert_eq!(Areas::of(&[vec![0.1, 0.2, 0.3]], &[true, false, false]), None);
    assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
    assert_eq!([1.0].into_iter().collect::<Moments>().interval(0.05), None);
    assert!(calibration(&[], &[], 10, 0.05).is_empty() && roc_curve(&[0.5], &[true], 10).is_empty());
}

#[test]
fn a_count_where_none_can_be_is_no_chance() {
    let found = goodness_of_fit(&[5_000, 5_000, 1], &[0.5, 0.5, 0.0]).unwrap();
    assert_eq!((found.impossible, found.p_value), (1, 0.0));
}

#[test]
fn clients_of_one_score_stay_in_one_bin() {
    let scores = [0.1, 0.2, 0.2, 0.2, 0.2, 0.9];
    let bins = calibration(&scores, &[false, false, true, false, true, true], 3, 0.05);
    assert_eq!(bins.iter().map(|bin| bin.came.of).collect::<Vec<_>>(), [5, 1]);
}

proptest! {
    #[test]
    fn ranks_sum_to_what_they_must(values in proptest::collection::vec(0_u8..9, 1..60)) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let n = values.len() as f64;
        prop_assert!((midranks(&values).iter().sum::<f64>() - n * (n + 1.0) / 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_sequence_is_never_narrower_than_one_look(x in -0.5_f64..0.5, deviation in 1e-5_f64..0.3) {
        let sequence = confidence_sequence(x, deviation * deviation, MIXTURE, 0.05);
        prop_assert!(sequence.high - x > normal_quantile(0.975) * deviation && sequence.holds(x));
    }

    #[test]
    fn a_difference_lies_within_its_interval(a in 0_u64..50, b in 0_u64..50, more in 1_u64..50) {
        let (of, to) = (Proportion { count: a, of: a + more }, Proportion { count: b, of: b + more });
        let (difference, interval) = newcombe(of, to, 0.05).unwrap();
        prop_assert!(interval.holds(difference));
        let (back, other) = newcombe(to, of, 0.05).unwrap();
        prop_assert!((back + difference).abs() < 1e-12 && (other.low + interval.high).abs() < 1e-9);
    }
}
