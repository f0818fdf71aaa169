//! From a customer to a decision: every model scores, one of them (or the heuristic, or nobody) answers.
//! Where models score, and how long they are waited for, is for whoever serves.

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
    /// What every arm and shadow said, in the order of [`Snapshot::models`], or why it was cut off.
    pub scores: Vec<Result<f64, CutOff>>,
    /// What the heuristic said.
    pub heuristic: f64,
}

/// Why an arm that does not answer, or a shadow, has no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutOff {
    /// It did not score in time.
    Late,
    /// It panicked.
    Panicked,
    /// It failed.
    Failed,
    /// It was not asked: an earlier call is overdue, or too many wait.
    Busy,
}

impl CutOff {
    /// The word for it in records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Panicked => "panicked",
            Self::Failed => "failed",
            Self::Busy => "busy",
        }
    }
}

impl Snapshot {
    /// Decides about customers together: features once per distinct specification, each model once, one
    /// after the other. Nobody is cut off.
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
            let scores = scores.iter().map(|of_model| Ok(f64::from(of_model[at]))).collect();
            self.decision(customer, assign(&self.config.document, id), scores)
        });
        Ok(decided.collect())
    }

    /// The probability that one customer would be answered, 0 to 1, unrounded, by the one that answers alone; none
    /// in a holdout. `id` is what the customer is drawn by.
    ///
    /// # Errors
    /// [`ScoreError`] where that model fails.
    pub fn probability(&self, customer: &Customer, id: &str) -> Result<Option<f64>, ScoreError> {
        let assignment = assign(&self.config.document, id);
        Ok(match assignment.treatment {
            Treatment::Holdout => None,
            Treatment::Heuristic => Some(heuristic(customer)),
            Treatment::Model => match self.models.get(assignment.arm) {
                Some(live) => {
                    let rows = self.rows(&[customer]);
                    Some(f64::from(live.bundle.scorer().score_one(&rows[live.row])?))
                }
                None => None,
            },
        })
    }

    /// One block of rows for each distinct feature specification, in the order of [`Self::pipelines`]: a
    /// model reads the one that [`LiveModel::row`](super::LiveModel::row) says, row by row.
    pub fn rows(&self, customers: &[&Customer]) -> Vec<Vec<f32>> {
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

    /// What follows for one customer from what the models said. The arm of a client who gets a model's
    /// prediction has to have scored.
    pub fn decision(
        &self,
        customer: &Customer,
        assignment: Assignment,
        scores: Vec<Result<f64, CutOff>>,
    ) -> Decision {
        let config = &self.config.document;
        let heuristic = heuristic(customer);
        let probability = match assignment.treatment {
            Treatment::Holdout => None,
            Treatment::Heuristic => Some(heuristic),
            Treatment::Model => scores.get(assignment.arm).copied().and_then(Result::ok),
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
