//! Shapley values by antithetic permutation sampling against a background. Pure arithmetic over a
//! function: nothing here knows of models.
//!
//! For one background row the players are the inputs whose value differs from it: any other changes
//! nothing by taking the customer's value. An order of the players turns the background row into the
//! customer one input at a time; what the score changes by is that input's marginal contribution. An order
//! and its reverse make a pair, whose mean is one estimate. A step that leaves the function's row as it is
//! contributes exactly 0 and is not scored.

use crate::customer::{Customer, InputValue};
use crate::model::ScoreError;

use super::evaluations::{Evaluations, RowNumber, Scored};
use super::orders::Orders;

/// What is to be found out.
pub(super) struct Question<'q> {
    pub(super) customer: &'q Customer,
    /// At least one; their values stand as the customer's do.
    pub(super) background: &'q [Customer],
    /// Positions of the inputs that take part.
    pub(super) players: &'q [usize],
}

/// What was found out; `values` and `standard_errors` stand in the players' order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub(super) score: f64,
    pub(super) base: f64,
    pub(super) values: Vec<f64>,
    pub(super) standard_errors: Vec<f64>,
    pub(super) evaluations: usize,
}

/// One way from a background row to the customer: each player and the row after it.
type Path = Vec<(usize, RowNumber)>;

/// An order and its reverse.
struct Pair {
    background: usize,
    paths: [Path; 2],
}

/// Estimates every player's Shapley value from `rounds` pairs for each background row.
pub(super) fn estimate<F: Scored>(
    function: &F,
    question: &Question<'_>,
    rounds: usize,
    seed: u64,
) -> Result<Estimate, ScoreError> {
    let rounds = rounds.max(1);
    let mut walk = Walk::new(function, question);
    let customer = walk.begin(question.customer)?;
    let begins = question.background.iter().map(|row| walk.begin(row)).collect::<Result<Vec<_>, _>>()?;
    let mut orders = Orders::new(seed);
    let mut order: Vec<usize> = (0..question.players.len()).collect();
    let mut pairs = Vec::with_capacity(begins.len() * rounds);
    for (background, &begin) in begins.iter().enumerate() {
        for _ in 0..rounds {
            orders.shuffle(&mut order);
            let ends = (begin, customer);
            let there = walk.path(background, ends, order.iter().copied())?;
            let back = walk.path(background, ends, order.iter().rev().copied())?;
            pairs.push(Pair { background, paths: [there, back] });
        }
    }
    let scores = walk.evaluations.finish()?;
    let mut tally = Tally::new(begins.len(), question.players.len(), rounds);
    for (number, pair) in pairs.iter().enumerate() {
        tally.add(pair, number % rounds, begins[pair.background], &scores);
    }
    Ok(Estimate {
        score: scores[customer],
        base: begins.iter().map(|&row| scores[row]).sum::<f64>() / begins.len() as f64,
        values: tally.values(),
        standard_errors: tally.standard_errors(question),
        evaluations: scores.len(),
    })
}

/// Walks from background rows to the customer.
struct Walk<'w, F: Scored> {
    function: &'w F,
    question: &'w Question<'w>,
    evaluations: Evaluations<'w, F>,
    row: Vec<F::Cell>,
    next: Vec<F::Cell>,
}

impl<'w, F: Scored> Walk<'w, F> {
    fn new(function: &'w F, question: &'w Question<'w>) -> Self {
        let row = vec![F::Cell::default(); function.width()];
        Self { function, question, evaluations: Evaluations::new(function), next: row.clone(), row }
    }

    /// An end of all paths.
    fn begin(&mut self, customer: &Customer) -> Result<RowNumber, ScoreError> {
        self.function.read(customer, &mut self.row);
        self.evaluations.add(&self.row)
    }

    /// The players that differ, in this order, each with the row that it leads to.
    fn path(
        &mut self,
        background: usize,
        (begin, end): (RowNumber, RowNumber),
        order: impl Iterator<Item = usize>,
    ) -> Result<Path, ScoreError> {
        let Question { customer, background: rows, players } = *self.question;
        let mut mixed = rows[background].clone();
        let differs = |&player: &usize| customer.values[players[player]] != mixed.values[players[player]];
        let order: Vec<usize> = order.filter(differs).collect();
        self.function.read(&mixed, &mut self.row);
        let mut at = begin;
        let mut path = Path::with_capacity(order.len());
        for (step, &player) in order.iter().enumerate() {
            let position = players[player];
            mixed.values[position].clone_from(&customer.values[position]);
            if step + 1 == order.len() {
                at = end;
            } else {
                self.function.read(&mixed, &mut self.next);
                if self.next != self.row {
                    at = self.evaluations.add(&self.next)?;
                    std::mem::swap(&mut self.row, &mut self.next);
                }
            }
            path.push((player, at));
        }
        Ok(path)
    }
}

/// What the pairs come to.
struct Tally {
    players: usize,
    rounds: usize,
    /// For each background row and player, the mean of the pairs' estimates, and the sum of their squared
    /// distances from it (Welford 1962, so that equal ones come to exactly 0).
    means: Vec<f64>,
    squares: Vec<f64>,
}

impl Tally {
    fn new(background: usize, players: usize, rounds: usize) -> Self {
        let cells = vec![0.0; background * players];
        Self { players, rounds, squares: cells.clone(), means: cells }
    }

    /// Takes the next pair; of a background row it is number `round`, from 0.
    fn add(&mut self, pair: &Pair, round: usize, begin: RowNumber, scores: &[f64]) {
        let mut estimates = vec![0.0; self.players];
        for path in &pair.paths {
            let mut before = scores[begin];
            for &(player, row) in path {
                estimates[player] += (scores[row] - before) / 2.0;
                before = scores[row];
            }
        }
        let from = pair.background * self.players;
        let cells = self.means[from..].iter_mut().zip(&mut self.squares[from..]);
        for ((mean, square), estimate) in cells.zip(estimates) {
            let distance = estimate - *mean;
            *mean += distance / (round + 1) as f64;
            *square += distance * (estimate - *mean);
        }
    }

    fn background(&self) -> usize {
        self.means.len() / self.players.max(1)
    }

    /// The estimate from one background row alone.
    fn of_row(&self, row: usize, player: usize) -> f64 {
        self.means[row * self.players + player]
    }

    fn values(&self) -> Vec<f64> {
        let rows = self.background();
        let value = |player| (0..rows).map(|row| self.of_row(row, player)).sum::<f64>() / rows as f64;
        (0..self.players).map(value).collect()
    }

    /// The background is no sample: it is what the values are defined against. So only the orders are
    /// uncertain, each background row on its own.
    fn standard_errors(&self, question: &Question<'_>) -> Vec<f64> {
        let rows = self.background() as f64;
        let variance = |player| {
            if self.rounds > 1 { self.within_rows(player) } else { self.between_neighbours(player, question) }
        };
        (0..self.players).map(|player| (variance(player) / (rows * rows)).sqrt()).collect()
    }

    /// The variance of the sum over background rows, from how pairs of one row differ.
    fn within_rows(&self, player: usize) -> f64 {
        let squares =
            (0..self.background()).map(|row| self.squares[row * self.players + player]).sum::<f64>();
        squares / ((self.rounds - 1) * self.rounds) as f64
    }

    /// The same from one pair a row: rows are sorted by the player's value in them, and neighbours
    /// compared. What truly differs between neighbours is added, so this errs towards too large.
    fn between_neighbours(&self, player: usize, question: &Question<'_>) -> f64 {
        let position = question.players[player];
        let value = |row: usize| &question.background[row].values[position];
        let mut rows: Vec<usize> = (0..self.background()).collect();
        rows.sort_by(|&one, &other| in_order(value(one), value(other)));
        let differences =
            rows.windows(2).map(|two| self.of_row(two[0], player) - self.of_row(two[1], player));
        let squares = differences.map(|difference| difference * difference).sum::<f64>();
        let count = rows.len() as f64;
        if count > 1.0 { squares * count / (2.0 * (count - 1.0)) } else { f64::NAN }
    }
}

/// Some order that puts like values side by side.
fn in_order(one: &InputValue, other: &InputValue) -> std::cmp::Ordering {
    use InputValue::{Date, Level, Missing, Number};
    match (one, other) {
        (Number(one), Number(other)) => one.total_cmp(other),
        (Level(one), Level(other)) => one.cmp(other),
        (Date(one), Date(other)) => one.cmp(other),
        (Missing, Missing) => std::cmp::Ordering::Equal,
        (Missing, _) => std::cmp::Ordering::Less,
        (_, Missing) => std::cmp::Ordering::Greater,
        _ => std::cmp::Ordering::Equal,
    }
}
