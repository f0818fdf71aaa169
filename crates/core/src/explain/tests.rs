//! The laws of Shapley values on games of any shape, and how far sampling may miss the exact values.
#![allow(clippy::float_cmp, reason = "what is exactly 0 has to be")]

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::evaluations::Scored;
use super::orders::Orders;
use super::sampling::{Estimate, Question, estimate};
use crate::customer::{Customer, InputValue};
use crate::model::ScoreError;

/// A function of some numbers, NaN where one is missing.
struct Game<F>(usize, F);

impl<F: Fn(&[f64]) -> f64> Scored for Game<F> {
    type Cell = f64;

    fn width(&self) -> usize {
        self.0
    }

    fn read(&self, customer: &Customer, row: &mut [f64]) {
        for (cell, value) in row.iter_mut().zip(&customer.values) {
            *cell = if let InputValue::Number(number) = value { *number } else { f64::NAN };
        }
    }

    fn score(&self, rows: &[f64]) -> Result<Vec<f64>, ScoreError> {
        Ok(rows.chunks_exact(self.0).map(&self.1).collect())
    }
}

fn customer(numbers: &[f64]) -> Customer {
    let value =
        |&number: &f64| if number.is_nan() { InputValue::Missing } else { InputValue::Number(number) };
    Customer { values: numbers.iter().map(value).collect(), ..Customer::default() }
}

/// What a test asks: a customer and the background, all with as many numbers.
#[derive(Debug, Clone)]
struct Case {
    customer: Vec<f64>,
    background: Vec<Vec<f64>>,
}

impl Case {
    fn estimate(&self, function: impl Fn(&[f64]) -> f64, rounds: usize, seed: u64) -> Estimate {
        let players: Vec<usize> = (0..self.customer.len()).collect();
        let background: Vec<_> = self.background.iter().map(|row| customer(row)).collect();
        let asked = customer(&self.customer);
        let question = Question { customer: &asked, background: &background, players: &players };
        estimate(&Game(players.len(), function), &question, rounds, seed).unwrap()
    }

    /// Shapley values by their definition: every coalition, weighted.
    fn exact(&self, function: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let players = self.customer.len();
        let worth = |coalition: usize| {
            let mix = |row: &Vec<f64>| {
                let pick = |at: usize| if coalition >> at & 1 == 1 { self.customer[at] } else { row[at] };
                function(&(0..players).map(pick).collect::<Vec<_>>())
            };
            self.background.iter().map(mix).sum::<f64>() / self.background.len() as f64
        };
        let worths: Vec<f64> = (0..1 << players).map(worth).collect();
        let factorial = |number: usize| (1..=number).map(|factor| factor as f64).product::<f64>();
        let value = |player: usize| {
            let without = (0..1_usize << players).filter(|coalition| coalition >> player & 1 == 0);
            let gain = |coalition: usize| {
                let size = coalition.count_ones() as usize;
                let weight = factorial(size) * factorial(players - size - 1) / factorial(players);
                weight * (worths[coalition | 1 << player] - worths[coalition])
            };
            without.map(gain).sum()
        };
        (0..players).map(value).collect()
    }
}

/// A score from 0 to 1 that says nothing of the score of any other row: the wildest game there is.
fn wild(row: &[f64]) -> f64 {
    let mix = |state: u64, number: &f64| Orders::new(state ^ number.to_bits()).next();
    row.iter().fold(7, mix) as f64 / u64::MAX as f64
}

/// Numbers of few kinds, so that some of the customer's equal the background's.
fn case(players: std::ops::Range<usize>) -> impl Strategy<Value = Case> {
    players.prop_flat_map(|players| {
        let row = proptest::collection::vec((0_u8..6).prop_map(f64::from), players);
        (row.clone(), proptest::collection::vec(row, 1..9))
            .prop_map(|(customer, background)| Case { customer, background })
    })
}

/// A case of six players and 100 background rows that has none of them equal.
fn fixed_case() -> Case {
    let mut numbers = Orders::new(3);
    let mut row = || (0..6).map(|_| numbers.next() as f64 / u64::MAX as f64).collect::<Vec<_>>();
    Case { customer: row(), background: (0..100).map(|_| row()).collect() }
}

fn near(one: f64, other: f64, error: f64) -> TestCaseResult {
    prop_assert!((one - other).abs() <= error, "{one} and {other} differ by more than {error}");
    Ok(())
}

proptest! {
    #[test]
    fn values_sum_to_the_score_less_the_base(case in case(1..9), rounds in 1_usize..4, seed: u64) {
        let told = case.estimate(wild, rounds, seed);
        near(told.values.iter().sum(), told.score - told.base, 1e-12)?;
        prop_assert_eq!(told.score, wild(&case.customer));
        let rows = case.background.iter().map(|row| wild(row));
        near(told.base, rows.sum::<f64>() / case.background.len() as f64, 1e-12)?;
    }

    #[test]
    fn an_input_that_the_function_does_not_read_gets_nothing_for_certain(
        case in case(2..9), rounds in 2_usize..4, seed: u64,
    ) {
        let told = case.estimate(|row| wild(&row[1..]), rounds, seed);
        prop_assert_eq!((told.values[0], told.standard_errors[0]), (0.0, 0.0));
    }

    #[test]
    fn an_input_that_equals_every_background_row_gets_nothing_for_certain(
        mut case in case(2..9), rounds in 1_usize..4, seed: u64,
    ) {
        case.background.iter_mut().for_each(|row| row[1] = case.customer[1]);
        case.background.push(case.customer.clone());
        let told = case.estimate(wild, rounds, seed);
        prop_assert_eq!((told.values[1], told.standard_errors[1]), (0.0, 0.0));
    }

    #[test]
    fn two_inputs_that_do_the_same_get_the_same_to_their_errors(mut case in case(3..7), seed: u64) {
        case.customer[1] = case.customer[0];
        case.background.iter_mut().for_each(|row| row[1] = row[0]);
        let alike = |row: &[f64]| {
            let mut row = row.to_vec();
            row[..2].sort_by(f64::total_cmp);
            wild(&row)
        };
        let told = case.estimate(alike, 200, seed);
        let error = told.standard_errors[0].hypot(told.standard_errors[1]);
        near(told.values[0], told.values[1], 6.0 * error + 1e-12)?;
    }

    #[test]
    fn effects_of_single_inputs_and_of_pairs_are_told_exactly(case in case(2..8), rounds in 1_usize..3, seed: u64) {
        let pairs = |row: &[f64]| {
            let of = |at: usize| row[at] * (at as f64 + row[(at + 1) % row.len()]);
            (0..row.len()).map(of).sum::<f64>()
        };
        let told = case.estimate(pairs, rounds, seed);
        for (value, exact) in told.values.iter().zip(case.exact(pairs)) {
            near(*value, exact, 1e-9)?;
        }
    }

    #[test]
    fn any_game_s_values_are_the_exact_ones_to_their_errors(case in case(1..7), seed: u64) {
        let told = case.estimate(wild, 200, seed);
        let estimates = told.values.iter().zip(&told.standard_errors);
        for ((value, error), exact) in estimates.zip(case.exact(wild)) {
            near(*value, exact, 6.0 * error + 1e-12)?;
        }
    }
}

/// In how many of 1,000 explanations the exact value lies within 1.96 standard errors, each input counted.
fn coverage(rounds: usize) -> f64 {
    let case = fixed_case();
    let exact = case.exact(wild);
    let within = (0..1000).map(|seed| {
        let told = case.estimate(wild, rounds, seed);
        let estimates = told.values.iter().zip(&told.standard_errors).zip(&exact);
        estimates.filter(|((value, error), exact)| (*value - *exact).abs() <= 1.96 * **error).count()
    });
    within.sum::<usize>() as f64 / (1000 * exact.len()) as f64
}

#[test]
fn the_error_of_two_rounds_covers_what_it_says() {
    let coverage = coverage(2);
    assert!((0.935..=0.965).contains(&coverage), "{coverage}");
}

#[test]
fn the_error_of_one_round_errs_towards_too_large() {
    let coverage = coverage(1);
    assert!((0.94..=1.0).contains(&coverage), "{coverage}");
}

#[test]
fn more_rounds_miss_by_less() {
    let case = fixed_case();
    let error = |rounds| case.estimate(wild, rounds, 1).standard_errors.iter().sum::<f64>();
    let (few, many) = (error(2), error(50));
    assert!(many < few / 4.0, "{few} and {many}");
}

#[test]
fn a_missing_value_is_explained_as_missing() {
    let case = Case { customer: vec![f64::NAN, 1.0], background: vec![vec![5.0, 1.0]; 2] };
    let told = case.estimate(|row| if row[0].is_nan() { 0.25 } else { 0.75 }, 1, 1);
    assert_eq!((told.values, told.score, told.base), (vec![-0.5, 0.0], 0.25, 0.75));
}

#[test]
fn only_rows_that_can_differ_are_scored() {
    // Of four inputs the first equals the background's, and the last is not read.
    let case = Case { customer: vec![1.0, 2.0, 3.0, 4.0], background: vec![vec![1.0, 0.0, 0.0, 0.0]] };
    let told = case.estimate(|row| row[1] + 10.0 * row[2], 3, 1);
    assert_eq!(told.values, [0.0, 2.0, 30.0, 0.0]);
    assert!(told.evaluations <= 2 + 3 * 2 * 2, "{}", told.evaluations);
}

#[test]
fn the_same_question_has_the_same_answer_and_another_seed_another() {
    let case = fixed_case();
    assert_eq!(case.estimate(wild, 1, 5), case.estimate(wild, 1, 5));
    assert_ne!(case.estimate(wild, 1, 5), case.estimate(wild, 1, 6));
}

#[test]
fn the_generator_gives_the_published_numbers() {
    // SplitMix64's reference implementation (Vigna 2015) on the seed 1234567.
    let mut numbers = Orders::new(1_234_567);
    let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
    assert_eq!([numbers.next(), numbers.next(), numbers.next()], expected);
}

#[test]
fn every_order_is_as_likely_as_any_other() {
    let mut orders = Orders::new(11);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..24_000 {
        let mut items = [0, 1, 2, 3];
        orders.shuffle(&mut items);
        *counts.entry(items).or_insert(0_i32) += 1;
    }
    assert_eq!(counts.len(), 24);
    let squares = counts.values().map(|count| f64::from((count - 1000).pow(2)) / 1000.0);
    // Chi-squared with 23 degrees of freedom exceeds 49.7 once in a thousand.
    assert!(squares.sum::<f64>() < 49.7, "{counts:?}");
}
