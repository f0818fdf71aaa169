//! What the log and the outcomes show: statistics, the report of an experiment, drift, and their plots.
//!
//! Nothing here decides about a client or writes to a database: it reads, counts, and says how sure it is.
//! `docs/experiments.md` names the source of every method.

mod cohort;
pub mod drift;
mod experiment;
mod report;
pub mod statistics;

pub use cohort::Cohort;
pub use experiment::{ExperimentOutline, ExperimentSpec, Silence, experiments};
pub use report::*;
