//! Why a score is what it is: how far each raw input pushes it up or down from what the background scores,
//! as Shapley values. `docs/explain.md` has the method, its error and its sources.
//!
//! Which function is explained belongs to `subject`, how values are estimated to `sampling`. Who may be
//! told an explanation, and on which thread it is made, is no business of this module.

mod evaluations;
mod orders;
mod sampling;
mod subject;
#[cfg(test)]
mod tests;

pub use subject::Subject;

use serde::Serialize;

use crate::customer::{Customer, InputValue};
use crate::model::ScoreError;

use sampling::Estimate;

/// One score, taken apart: `base` plus every contribution is `score`, to rounding.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The probability that is explained, unrounded, 0 to 1.
    pub score: f64,
    /// What the background scores on average, 0 to 1.
    pub base: f64,
    /// One for each raw input that the function reads; the largest push first, up or down.
    pub contributions: Vec<Contribution>,
    /// How many rows were scored to find this out.
    pub evaluations: usize,
}

/// What one raw input does to the score.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Contribution {
    /// The input's name.
    pub feature: String,
    /// Its value as it was given; null where it is missing, which is explained like any other value.
    #[schema(value_type = Option<serde_json::Value>)]
    pub given: serde_json::Value,
    /// Its Shapley value, estimated, in units of the probability: above 0 it pushes the score up.
    pub value: f64,
    /// The standard error of `value`, 0 or more: how far sampling may have missed.
    pub standard_error: f64,
}

/// Explains the score of one customer, whose values stand in the order of the snapshot's schema.
///
/// Every background row is compared with `rounds` (1 or more) times, each time by one order of the inputs
/// and its reverse. The same question with the same `seed` gives the same explanation.
///
/// # Errors
/// [`ScoreError`] where the model fails.
pub fn explain(
    subject: &Subject<'_>,
    customer: &Customer,
    rounds: usize,
    seed: u64,
) -> Result<Explanation, ScoreError> {
    let players = subject.players();
    let positions: Vec<usize> = players.iter().map(|player| player.position).collect();
    let background = subject.background();
    let mut customer = customer.clone();
    customer.values.resize(subject.inputs(), InputValue::Missing);
    let question = sampling::Question { customer: &customer, background: &background, players: &positions };
    let Estimate { score, base, values, standard_errors, evaluations } = match subject.function() {
        subject::Function::Model(model) => sampling::estimate(&model, &question, rounds, seed)?,
        subject::Function::Heuristic(heuristic) => sampling::estimate(&heuristic, &question, rounds, seed)?,
    };
    let estimates = values.into_iter().zip(standard_errors);
    let mut contributions: Vec<_> = players
        .into_iter()
        .zip(estimates)
        .map(|(player, (value, standard_error))| {
            let given = customer.values[player.position].to_json();
            Contribution { feature: player.name, given, value, standard_error }
        })
        .collect();
    // Stable: of equal pushes the schema's order decides.
    contributions.sort_by(|one, other| other.value.abs().total_cmp(&one.value.abs()));
    Ok(Explanation { score, base, contributions, evaluations })
}
