//! Rows in, probabilities out: a plan, and states of it that are kept from call to call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::prelude::*;

use super::graph::{self, GraphError, Plan};

type State = tract_onnx::tract_core::plan::SimpleState<TypedFact, Box<dyn TypedOp>>;

/// Rows that go through the graph at a time: what lies between its nodes stays in the cache.
const ROWS_AT_A_TIME: usize = 1024;
/// States that are kept for the next call; more are made when more calls run at once.
const KEPT_STATES: usize = 64;

/// A graph that is ready to score. Shared behind an `Arc`, it takes any number of calls at once.
#[derive(Debug)]
pub struct Scorer {
    columns: usize,
    plan: Arc<TypedSimplePlan>,
    states: Mutex<Vec<State>>,
}

/// Why rows cannot be scored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// The rows are not a whole number of rows wide.
    #[error("expected rows of {columns} columns, got {given} numbers")]
    Shape {
        /// F, the model's columns.
        columns: usize,
        /// How many numbers were given.
        given: usize,
    },
    /// The model gave something that is no probability.
    #[error("row {row}: expected a finite probability, the model gave {got}")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// What came out.
        got: f32,
    },
    /// The graph failed.
    #[error("the graph failed: {0}")]
    Graph(String),
}

impl Scorer {
    /// Reads a graph, as [`graph::read`] has it.
    pub(crate) fn read(onnx: &[u8], input: &str, output: &str) -> Result<Self, GraphError> {
        let Plan { plan, columns } = graph::read(onnx, input, output)?;
        Ok(Self { columns, plan, states: Mutex::default() })
    }

    /// F, the columns of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Scores N rows, given row by row: N × F numbers in, N probabilities out. A row scores the same bit
    /// for bit alone and among others.
    ///
    /// # Errors
    /// [`ScoreError`] where the numbers are not a multiple of F, the graph fails, or a probability is not
    /// finite.
    pub fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        if !rows.len().is_multiple_of(self.columns) {
            return Err(ScoreError::Shape { columns: self.columns, given: rows.len() });
        }
        let mut probabilities = Vec::with_capacity(rows.len() / self.columns);
        for rows in rows.chunks(ROWS_AT_A_TIME * self.columns) {
            self.run(rows, |part| probabilities.extend_from_slice(part))?;
        }
        finite(&probabilities)?;
        Ok(probabilities)
    }

    /// Scores one row of F numbers.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn score_one(&self, row: &[f32]) -> Result<f32, ScoreError> {
        if row.len() != self.columns {
            return Err(ScoreError::Shape { columns: self.columns, given: row.len() });
        }
        let mut probability = f32::NAN;
        self.run(row, |part| {
            probability = part.first().copied().unwrap_or(f32::NAN);
        })?;
        finite(&[probability])?;
        Ok(probability)
    }

    /// Runs the graph once and hands over what comes out, one number a row.
    fn run(&self, rows: &[f32], take: impl FnOnce(&[f32])) -> Result<(), ScoreError> {
        let kept = self.states.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // A panic drops the state it happened in: nothing half done is used again.
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut state = kept.map_or_else(|| self.plan.spawn(), Ok)?;
            let input = Tensor::from_shape(&[rows.len() / self.columns, self.columns], rows)?;
            let outputs = state.run(tvec!(input.into_tvalue()))?;
            TractResult::Ok((state, outputs))
        }));
        let (state, outputs) = ran
            .map_err(|panic| ScoreError::Graph(graph::told(&*panic).to_owned()))?
            .map_err(|error| ScoreError::Graph(format!("{error:#}")))?;
        self.keep(state);
        let output = outputs.first().ok_or_else(|| ScoreError::Graph("it gave nothing".to_owned()))?;
        let output = output.try_as_plain_ram().map_err(|error| ScoreError::Graph(error.to_string()))?;
        let output = output.as_slice::<f32>().map_err(|error| ScoreError::Graph(error.to_string()))?;
        if output.len() * self.columns != rows.len() {
            return Err(ScoreError::Graph(format!("it gave {} numbers", output.len())));
        }
        take(output);
        Ok(())
    }

    fn keep(&self, state: State) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if states.len() < KEPT_STATES {
            states.push(state);
        }
    }
}

fn finite(probabilities: &[f32]) -> Result<(), ScoreError> {
    let strange = probabilities.iter().enumerate().find(|(_, probability)| !probability.is_finite());
    strange.map_or(Ok(()), |(row, &got)| Err(ScoreError::NotFinite { row, got }))
}
