//! Which function is explained, and what it is compared with: a live model, or the heuristic.

use crate::customer::{Customer, InputKind, InputValue};
use crate::features::BoundPipeline;
use crate::model::{ScoreError, Scorer};
use crate::prediction::{LiveModel, Snapshot, heuristic};
use crate::treatment::{Assignment, Treatment};

use super::evaluations::Scored;

/// A function of one snapshot that can be explained. Its background is that of the bundle of the client's
/// arm, also where the heuristic answers: those are customers whom training saw.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    snapshot: &'s Snapshot,
    live: &'s LiveModel,
    is_model: bool,
}

/// A raw input that the function reads.
pub(super) struct Player {
    pub(super) name: String,
    /// Its position in the snapshot's schema.
    pub(super) position: usize,
}

/// What is asked for scores.
pub(super) enum Function<'s> {
    Model(ModelFunction<'s>),
    Heuristic(HeuristicFunction),
}

/// The model behind its features: a row has as many cells as the model has columns.
pub(super) struct ModelFunction<'s> {
    pipeline: &'s BoundPipeline,
    scorer: &'s Scorer,
}

/// The heuristic; a row is its answer.
pub(super) struct HeuristicFunction;

impl<'s> Subject<'s> {
    /// What answers a client of this assignment; `None` in a holdout, where nothing does, and where the
    /// snapshot has no such arm.
    pub fn of(snapshot: &'s Snapshot, assignment: Assignment) -> Option<Self> {
        let live = snapshot.models.get(assignment.arm)?;
        match assignment.treatment {
            Treatment::Holdout => None,
            Treatment::Heuristic => Some(Self { snapshot, live, is_model: false }),
            Treatment::Model => Some(Self { snapshot, live, is_model: true }),
        }
    }

    /// The bundle that answers; `None` where the heuristic does.
    pub fn model(&self) -> Option<&'s str> {
        self.is_model.then(|| self.live.bundle.uid())
    }

    /// SHA-256 of the bundle whose background is compared with, 64 hex digits.
    pub fn background_sha256(&self) -> &'s str {
        self.live.bundle.sha256()
    }

    /// How many values a customer has.
    pub(super) fn inputs(&self) -> usize {
        self.snapshot.schema.len()
    }

    /// The raw inputs of the model; of the heuristic every number.
    pub(super) fn players(&self) -> Vec<Player> {
        let schema = &self.snapshot.schema;
        let player = |name: &str, position| Player { name: name.to_owned(), position };
        if self.is_model {
            let inputs = self.live.bundle.pipeline().inputs();
            return inputs.filter_map(|name| Some(player(name, schema.get(name)?.0))).collect();
        }
        let inputs = schema.names().zip(schema.kinds()).enumerate();
        inputs
            .filter(|(_, (_, kind))| **kind == InputKind::Number)
            .map(|(position, (name, _))| player(name, position))
            .collect()
    }

    /// The bundle's background as customers of the snapshot's schema: what the bundle does not know is missing.
    pub(super) fn background(&self) -> Vec<Customer> {
        let schema = &self.snapshot.schema;
        let inputs = self.live.bundle.pipeline().inputs();
        let positions: Vec<_> = inputs.map(|name| schema.get(name).map(|(at, _)| at)).collect();
        let rows = self.live.bundle.background().iter();
        rows.map(|row| {
            let mut values = vec![InputValue::Missing; schema.len()];
            for (value, position) in row.values.iter().zip(&positions) {
                if let Some(place) = position.and_then(|at| values.get_mut(at)) {
                    *place = value.clone();
                }
            }
            Customer { values, ..Customer::default() }
        })
        .collect()
    }

    pub(super) fn function(&self) -> Function<'s> {
        match self.snapshot.pipelines.get(self.live.row).filter(|_| self.is_model) {
            Some(pipeline) => Function::Model(ModelFunction { pipeline, scorer: self.live.bundle.scorer() }),
            None => Function::Heuristic(HeuristicFunction),
        }
    }
}

impl Scored for ModelFunction<'_> {
    type Cell = f32;

    fn width(&self) -> usize {
        self.pipeline.columns()
    }

    fn read(&self, customer: &Customer, row: &mut [f32]) {
        self.pipeline.transform(customer, row);
    }

    fn score(&self, rows: &[f32]) -> Result<Vec<f64>, ScoreError> {
        Ok(self.scorer.score(rows)?.into_iter().map(f64::from).collect())
    }
}

impl Scored for HeuristicFunction {
    type Cell = f64;

    fn width(&self) -> usize {
        1
    }

    fn read(&self, customer: &Customer, row: &mut [f64]) {
        row.fill(heuristic(customer));
    }

    fn score(&self, rows: &[f64]) -> Result<Vec<f64>, ScoreError> {
        Ok(rows.to_vec())
    }
}
