//! From a customer to a decision: every model scores, one of them (or the heuristic, or nobody) answers.

use crate::customer::{Customer, InputValue};
use crate::model::ScoreError;
use crate::treatment::{Assignment, Treatment, assign};

use super::Snapshot;

/// What is decided about one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What the client gets, and the arm that answers or would have.
    pub assignment: Assignment,
    /// The probability answered, unrounded, 0 to 1; none in a holdout.
    pub probability: Option<f64>,
    /// Whether it reaches the cutoff; none in a holdout.
    pub high_risk: Option<bool>,
    /// What every arm and shadow said, in the order of [`Snapshot::models`].
    pub scores: Vec<f64>,
    /// What the heuristic said.
    pub heuristic: f64,
}

impl Snapshot {
    /// Decides about customers together: features once per distinct specification, each model once.
    ///
    /// `ids` are what each is drawn by: the client id, or the uid where there is none.
    ///
    /// # Errors
    /// [`ScoreError`] where a model fails; nobody is answered then.
    pub fn decide(&self, customers: &[&Customer], ids: &[&str]) -> Result<Vec<Decision>, ScoreError> {
        let rows = self.rows(customers);
        let mut scores = Vec::with_capacity(self.models.len());
        for live in &self.models {
            scores.push(live.bundle.scorer().score(&rows[live.row])?);
        }
        let decided = customers.iter().zip(ids).enumerate().map(|(at, (customer, id))| {
            let scores = scores.iter().map(|of_model| f64::from(of_model[at])).collect();
            self.decision(customer, id, scores)
        });
        Ok(decided.collect())
    }

    /// One block of rows for each distinct feature specification.
    fn rows(&self, customers: &[&Customer]) -> Vec<Vec<f32>> {
        let block = |pipeline: &crate::features::BoundPipeline| {
            let columns = pipeline.columns();
            let mut rows = vec![0.0; columns * customers.len()];
            for (customer, row) in customers.iter().zip(rows.chunks_exact_mut(columns)) {
                pipeline.transform(customer, row);
            }
            rows
        };
        self.pipelines.iter().map(block).collect()
    }

    fn decision(&self, customer: &Customer, id: &str, scores: Vec<f64>) -> Decision {
        let config = &self.config.document;
        let assignment = assign(config, id);
        let heuristic = heuristic(customer);
        let probability = match assignment.treatment {
            Treatment::Holdout => None,
            Treatment::Heuristic => Some(heuristic),
            Treatment::Model => scores.get(assignment.arm).copied(),
        };
        let high_risk = probability.map(|probability| probability >= config.proba_cutoff);
        Decision { assignment, probability, high_risk, scores, heuristic }
    }
}

/// The baseline that a model must beat: the sum of the request's numbers over 250, kept within
/// 0.0001 … 0.9999.
pub fn heuristic(customer: &Customer) -> f64 {
    let numbers = customer.values.iter().filter_map(|value| match value {
        InputValue::Number(number) => Some(*number),
        _ => None,
    });
    // Numbers near the ends of f64 may sum to infinity or NaN; neither may leave.
    let share = numbers.sum::<f64>() / 250.0;
    if share.is_nan() { 0.0001 } else { share.clamp(0.0001, 0.9999) }
}
