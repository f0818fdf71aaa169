//! Drift: what production sees against what a model's training saw, by day, for each input and for the score.
//!
//! A day's rows are those that were answered for clients' sakes and that the model scored, as arm or as shadow.
//! What is computed here holds counts and distances only, no client's values: texts that training did not know
//! are counted and never kept.

mod day;
mod limits;
mod plot;
mod reading;
mod reference;
mod reservoir;
mod tally;

pub use day::{BinShare, LevelTest, ModelDay, NumberTest, Shift, ShiftKind};
pub use limits::{Exceeded, Measure, exceeded};
pub use plot::{bars, line};
pub use reading::{Cursor, ROWS_A_SLICE, SLICES_A_DAY, Watched, read_day, start_of};
pub use reference::{InputReference, Known, Reference};
pub use tally::Tally;

#[cfg(test)]
mod tests;
