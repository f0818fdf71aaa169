//! What the report promises, tried on a thousand experiments whose truth is known: that intervals hold what they are
//! for as often as they say, and that looking every day does no harm. Each is folded and told as a real one is.

use bellwether_core::config::ConfigVersion;
use bellwether_core::treatment::Treatment;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::cohort::Cohort;
use crate::experiment::Silence;
use crate::report::{Difference, ExperimentReport};
use crate::world::{blank, day, document, predict, spec, versions};

const RUNS: u64 = 1_000;
/// Of the experiments in which shares change.
const DRIFTING_RUNS: u64 = 400;
const DAYS: u32 = 60;
const A_DAY: u32 = 30;
const WINDOW: u16 = 5;

/// Runs an experiment: `A_DAY` clients a day, of whom `churn` says how probably they leave by version, day and
/// treatment.
fn run(seed: u64, versions: &[ConfigVersion], churn: &dyn Fn(u32, Treatment) -> f64) -> ExperimentReport {
    let mut spec = spec(versions, f64::from(DAYS) + f64::from(WINDOW) + 1.0);
    (spec.window_days, spec.silence) = (WINDOW, Silence::Stayed);
    let mut cohort = Cohort::new(spec);
    let mut chance = StdRng::seed_from_u64(seed);
    let mut record = blank(&versions[0]);
    let mut left = Vec::new();
    for at in 0..DAYS {
        let live = versions.iter().rfind(|version| version.created_at <= day(f64::from(at))).unwrap();
        for number in 0..A_DAY {
            let client = format!("{seed}-{at}-{number}");
            let moment = f64::from(at) + f64::from(number) / f64::from(A_DAY);
            let treatment = predict(&mut record, live, &client, moment);
            cohort.saw(&record);
            if chance.random::<f64>() < churn(at, treatment) {
                left.push((client, moment + chance.random::<f64>() * f64::from(WINDOW)));
            }
        }
    }
    for (client, at) in left {
        cohort.outcome(&client, Some(true), day(at + 0.001));
    }
    cohort.report()
}

/// The model's difference to the holdout.
fn to_holdout(report: &ExperimentReport) -> &Difference {
    let named = |difference: &&Difference| {
        difference.of.treatment == Treatment::Model && difference.to.treatment == Treatment::Holdout
    };
    report.differences.iter().find(named).unwrap()
}

/// Whether the sequential interval of every day holds the truth.
fn holds_every_day(difference: &Difference, truth: f64) -> bool {
    difference.days.iter().all(|look| look.sequential.holds(truth))
}

fn of_runs(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(RUNS).unwrap())
}

#[test]
fn of_a_thousand_experiments_without_an_effect_looked_at_daily_no_more_find_one_than_are_allowed() {
    let mut found = 0;
    let (mut looks, mut naive) = (0, 0);
    for seed in 0..RUNS {
        let versions = versions(vec![(0.0, document(&format!("null {seed}"), 30, 0, &["m"]))]);
        let report = run(seed, &versions, &|_, _| 0.2);
        let difference = to_holdout(&report);
        looks += difference.days.len();
        found += usize::from(!holds_every_day(difference, 0.0));
        // What the sequence is there to prevent: the fixed interval, looked at daily. Its width is that of one look.
        let shrunk = |look: &crate::report::DifferenceDay| {
            let reach = (look.sequential.high - look.sequential.low) / 2.0;
            look.estimate.abs() > reach * 1.96 / 3.1
        };
        naive += usize::from(difference.days.iter().any(shrunk));
    }
    let (rate, allowed) = (of_runs(found), 0.05 + 2.0 * (0.05_f64 * 0.95 / 1_000.0).sqrt());
    println!(
        "false positives {rate}, allowed {allowed:.4}; a fixed width looked at daily {}",
        of_runs(naive)
    );
    assert!(looks > 40 * 1_000, "the looks have to be daily: {looks}");
    assert!(rate <= allowed, "{rate}");
    assert!(of_runs(naive) > 0.15, "a test that would not find the harm shows nothing: {}", of_runs(naive));
}

#[test]
fn of_a_known_effect_fixed_intervals_hold_the_truth_as_often_as_they_say_and_sequential_ones_at_all_looks() {
    let truth = 0.18 - 0.30;
    let (mut fixed, mut sequential, mut noticed) = (0, 0, 0);
    for seed in 0..RUNS {
        let versions = versions(vec![(0.0, document(&format!("known {seed}"), 30, 0, &["m"]))]);
        let churn = |_: u32, treatment| if treatment == Treatment::Holdout { 0.30 } else { 0.18 };
        let report = run(10_000 + seed, &versions, &churn);
        let difference = to_holdout(&report);
        fixed += usize::from(difference.fixed.unwrap().holds(truth));
        sequential += usize::from(holds_every_day(difference, truth));
        noticed += usize::from(difference.verdict == crate::report::Verdict::Fewer);
    }
    println!("fixed {}, sequential {}, found {}", of_runs(fixed), of_runs(sequential), of_runs(noticed));
    assert!((0.93..=0.97).contains(&of_runs(fixed)), "{}", of_runs(fixed));
    assert!(of_runs(sequential) >= 0.93, "{}", of_runs(sequential));
    assert!(of_runs(noticed) > 0.9, "an effect of 12 points is found: {}", of_runs(noticed));
}

/// More are held out later, when more churn: summed up, the holdout looks worse than it is.
#[test]
fn shares_that_change_while_churn_drifts_do_not_mislead() {
    let truth = -0.05;
    let (mut covered, mut mismatches, mut sum, mut pooled) = (0, 0, 0.0, 0.0);
    for seed in 0..DRIFTING_RUNS {
        let salt = format!("drifting {seed}");
        let early = document(&salt, 10, 0, &["m"]);
        let versions = versions(vec![(0.0, early), (30.0, document(&salt, 50, 0, &["m"]))]);
        let churn = |at: u32, treatment| {
            let base = if at < 30 { 0.10 } else { 0.35 };
            if treatment == Treatment::Holdout { base + 0.05 } else { base }
        };
        let report = run(20_000 + seed, &versions, &churn);
        assert_eq!(report.regimes, 2);
        mismatches += u32::from(report.sample_ratio.as_ref().unwrap().mismatch);
        let difference = to_holdout(&report);
        covered += u32::from(difference.fixed.unwrap().holds(truth));
        sum += difference.estimate.unwrap();
        let rate = |treatment| {
            let group = report.groups.iter().find(|group| group.name.treatment == treatment).unwrap();
            group.rate.unwrap()
        };
        pooled += rate(Treatment::Model) - rate(Treatment::Holdout);
    }
    let (mean, pooled) = (sum / 400.0, pooled / 400.0);
    let covered = f64::from(covered) / 400.0;
    println!("covered {covered}, mean {mean:.4}, pooled {pooled:.4}");
    assert!((0.92..=0.98).contains(&covered), "{covered}");
    assert!(mismatches <= 3, "of 400 sound draws no more than a few are called a mismatch: {mismatches}");
    assert!((mean - truth).abs() < 0.005, "{mean}");
    assert!((pooled - truth).abs() > 0.03, "a world in which pooling does no harm shows nothing: {pooled}");
}
