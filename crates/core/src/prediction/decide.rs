//! From a customer to a decision: every model scores, one of them (or the heuristic, or nobody) answers.

use crate::customer::{Customer, InputValue};
use crate::model::ScoreError;
use crate::treatment::{Treatment, assign};

use super::Snapshot;

/// What one model said.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored<'s> {
    /// The bundle's uid.
    pub model: &'s str,
    /// Its probability of churn, 0 to 1.
    pub probability: f64,
}

/// What is decided about one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<'s> {
    /// What the client gets.
    pub treatment: Treatment,
    /// The model that answers; none for the heuristic and the holdout.
    pub model: Option<&'s str>,
    /// The arm that answers, or would have.
    pub arm: &'s str,
    /// The probability answered, unrounded; none in a holdout.
    pub probability: Option<f64>,
    /// Whether it reaches the cutoff; none in a holdout.
    pub high_risk: Option<bool>,
    /// What every arm and shadow said, in the snapshot's order.
    pub scored: Vec<Scored<'s>>,
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
    pub fn decide(&self, customers: &[&Customer], ids: &[&str]) -> Result<Vec<Decision<'_>>, ScoreError> {
        let rows: Vec<Vec<f32>> = self
            .pipelines
            .iter()
            .map(|pipeline| {
                let columns = pipeline.columns();
                let mut rows = vec![0.0; columns * customers.len()];
                for (customer, row) in customers.iter().zip(rows.chunks_exact_mut(columns)) {
                    pipeline.transform(customer, row);
                }
                rows
            })
            .collect();
        let mut scores = Vec::with_capacity(self.models.len());
        for live in &self.models {
            scores.push(live.bundle.scorer().score(&rows[live.row])?);
        }
        let decided = customers.iter().zip(ids).enumerate().map(|(at, (customer, id))| {
            let scored = self.models.iter().zip(&scores).map(|(live, scores)| Scored {
                model: live.bundle.uid(),
                probability: f64::from(scores[at]),
            });
            self.decision(customer, id, scored.collect())
        });
        Ok(decided.collect())
    }

    fn decision<'s>(&'s self, customer: &Customer, id: &str, scored: Vec<Scored<'s>>) -> Decision<'s> {
        let config = &self.config.document;
        let assignment = assign(config, id);
        let heuristic = heuristic(customer);
        let arm = scored.get(assignment.arm);
        let arm_model = arm.map_or("", |scored| scored.model);
        let (model, probability) = match assignment.treatment {
            Treatment::Holdout => (None, None),
            Treatment::Heuristic => (None, Some(heuristic)),
            Treatment::Model => (arm.map(|arm| arm.model), arm.map(|arm| arm.probability)),
        };
        let high_risk = probability.map(|probability| probability >= config.proba_cutoff);
        Decision { treatment: assignment.treatment, model, arm: arm_model, probability, high_risk, scored, heuristic }
    }
}

/// The baseline that a model must beat: the sum of the request's numbers over 250, kept within
/// 0.0001 … 0.9999.
pub fn heuristic(customer: &Customer) -> f64 {
    let numbers = customer.values.iter().filter_map(|value| match value {
        InputValue::Number(number) => Some(*number),
        _ => None,
    });
    // Two numbers near the ends of f64 may sum to infinity or NaN; neither may leave.
    let share = numbers.sum::<f64>() / 250.0;
    if share.is_nan() { 0.0001 } else { share.clamp(0.0001, 0.9999) }
}
