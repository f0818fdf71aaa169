//! Scoring: the graph that tract runs, and two ops of our own inside it. Nothing here knows of
//! customers or manifests: rows of float32 go in, probabilities come out.

mod engine;
pub mod forest;
mod graph;
mod guard;
mod row_sum_op;
mod scorer;
#[cfg(test)]
mod tests;
mod tree_op;

pub use graph::GraphError;
pub use scorer::{ScoreError, Scorer};
