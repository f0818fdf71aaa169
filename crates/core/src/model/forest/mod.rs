//! A tree ensemble compiled for speed: plain Rust, knowing nothing of tract or of files.
//!
//! **Keys.** Floats are mapped to unsigned integers of the same order ([`key`]), so that one integer
//! comparison decides a branch, and every comparator becomes "greater than".
//!
//! **Nodes** are 8 bytes: threshold, feature, left child; the right child is the left one's neighbour.
//! A leaf is a node that leads to itself: it compares a column that is always 0, and bears its weight
//! where a branch bears its threshold. A tree is then walked a fixed number of steps without a branch
//! to mispredict, and several walks run in lockstep to hide the latency of memory.
//!
//! **Sums** run in f64 in the order of the trees, so that a row scores the same bit for bit alone and
//! in a batch.

mod compile;
mod node;
mod plant;
#[cfg(test)]
mod tests;
mod walk;

pub use compile::{EnsembleArrays, ForestError};

use node::{Leaves, Nodes};

/// A compiled tree ensemble: float32 `[N, features]` in, float32 `[N, classes]` out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Forest {
    features: usize,
    classes: usize,
    nodes: Nodes,
    trees: Vec<Tree>,
    leaves: Leaves,
    nan: NanSide,
}

/// Where a tree's nodes stand and how far they are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Tree {
    /// Position of the root.
    root: u32,
    /// Steps from the root to the deepest leaf.
    depth: u32,
}

/// Where a branch sends a NaN, in terms of "greater goes right".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum NanSide {
    Left,
    Right,
    /// Some branches left and some right: a row with a NaN is refused.
    Mixed,
}

/// A row that a forest cannot score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The rows, or the room for the scores, are not a whole number of rows wide.
    #[error(
        "expected rows of {features} columns and {classes} scores for each, got {given} and {room} numbers"
    )]
    Shape {
        /// The forest's columns.
        features: usize,
        /// The forest's classes.
        classes: usize,
        /// How many numbers were given.
        given: usize,
        /// How many scores there is room for.
        room: usize,
    },
    /// A NaN, where the ensemble's branches disagree on its way.
    #[error("row {0} holds a NaN, which this ensemble cannot take")]
    NotANumber(usize),
}

impl Forest {
    /// F, the columns of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// K, the scores of a row.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many trees there are.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Scores `rows`, N × F row by row, into `scores`, N × K row by row.
    ///
    /// # Errors
    /// [`RowError`] where the lengths do not fit or a NaN cannot be taken.
    pub fn score(&self, rows: &[f32], scores: &mut [f32]) -> Result<(), RowError> {
        let count = rows.len() / self.features;
        if rows.len() != count * self.features || scores.len() != count * self.classes {
            let Self { features, classes, .. } = *self;
            return Err(RowError::Shape { features, classes, given: rows.len(), room: scores.len() });
        }
        walk::score(self, rows, scores)
    }
}

/// Maps a float to an unsigned integer of the same order; both zeros to the same one. No number, not
/// even −∞, maps to 0 or to `u32::MAX`.
fn key(number: f32) -> u32 {
    // Adding zero turns −0 into +0.
    let bits = (number + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
}
