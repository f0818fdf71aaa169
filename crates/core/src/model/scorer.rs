//! Rows in, probabilities out.

use super::engine::Engine;
use super::graph::{self, GraphError, Plan};

/// Rows that go through the graph at a time: what lies between its nodes stays in the cache.
const ROWS_AT_A_TIME: usize = 1024;

/// A graph that is ready to score. Shared behind an `Arc`, it takes any number of calls at once.
#[derive(Debug)]
pub struct Scorer {
    columns: usize,
    engine: Engine,
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
    /// The graph panicked.
    #[error("the graph panicked: {0}")]
    Panicked(String),
}

impl Scorer {
    /// Reads a graph, as [`graph::read`] has it.
    pub(crate) fn read(onnx: &[u8], input: &str, output: &str) -> Result<Self, GraphError> {
        let Plan { plan, columns } = graph::read(onnx, input, output)?;
        Ok(Self { columns, engine: Engine::new(plan) })
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
            let ran = self.engine.run(rows, self.columns, |part| probabilities.extend_from_slice(part));
            ran?;
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
        let take = |part: &[f32]| probability = part.first().copied().unwrap_or(f32::NAN);
        self.engine.run(row, self.columns, take)?;
        finite(&[probability])?;
        Ok(probability)
    }
}

fn finite(probabilities: &[f32]) -> Result<(), ScoreError> {
    let strange = probabilities.iter().enumerate().find(|(_, probability)| !probability.is_finite());
    strange.map_or(Ok(()), |(row, &got)| Err(ScoreError::NotFinite { row, got }))
}
