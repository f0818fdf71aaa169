//! Rows on their way to be scored: gathered, scored together, and known by number from then on.

use crate::customer::Customer;
use crate::model::ScoreError;

/// Rows that are scored together, at most, and the cells they may come to.
const BATCH_ROWS: usize = 1024;
const BATCH_CELLS: usize = 1 << 20;

/// A function of a customer that is scored in batches.
pub(super) trait Scored {
    /// One cell of a row. Rows whose cells are equal have to score the same.
    type Cell: Copy + Default + PartialEq;

    /// Cells of a row, at least 1.
    fn width(&self) -> usize;

    /// Writes all that the function reads of a customer into `row`, [`Self::width`] cells.
    fn read(&self, customer: &Customer, row: &mut [Self::Cell]);

    /// One score for each row.
    fn score(&self, rows: &[Self::Cell]) -> Result<Vec<f64>, ScoreError>;
}

/// The number of a row that was handed in.
pub(super) type RowNumber = usize;

/// Every row so far.
pub(super) struct Evaluations<'f, F: Scored> {
    function: &'f F,
    /// Rows that are still to be scored, one behind the other.
    waiting: Vec<F::Cell>,
    /// Scores by the row's number.
    scores: Vec<f64>,
}

impl<'f, F: Scored> Evaluations<'f, F> {
    pub(super) fn new(function: &'f F) -> Self {
        Self { function, waiting: Vec::new(), scores: Vec::new() }
    }

    /// Takes a row; it is scored with others.
    pub(super) fn add(&mut self, row: &[F::Cell]) -> Result<RowNumber, ScoreError> {
        let number = self.scores.len() + self.waiting.len() / row.len();
        self.waiting.extend_from_slice(row);
        let rows = (BATCH_CELLS / row.len()).clamp(1, BATCH_ROWS);
        if self.waiting.len() >= rows * row.len() {
            self.score()?;
        }
        Ok(number)
    }

    /// The scores of all rows, by number.
    pub(super) fn finish(mut self) -> Result<Vec<f64>, ScoreError> {
        self.score()?;
        Ok(self.scores)
    }

    fn score(&mut self) -> Result<(), ScoreError> {
        if !self.waiting.is_empty() {
            self.scores.extend(self.function.score(&self.waiting)?);
            self.waiting.clear();
        }
        Ok(())
    }
}
