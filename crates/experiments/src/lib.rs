//! What the log and the outcomes show: statistics, the report of an experiment, drift, and their plots.
//!
//! Nothing here decides about a client or writes to a database: it reads, counts, and says how sure it is.
//! `docs/experiments.md` names the source of every method.

mod cohort;
pub mod drift;
mod experiment;
pub mod plots;
mod reading;
mod report;
pub mod statistics;

pub use cohort::Cohort;
pub use experiment::{ExperimentOutline, ExperimentSpec, Silence, experiments};
pub use reading::{Progress, ReportError, Stage, report};
pub use report::*;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "simulation_tests.rs"]
mod simulations;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod world;
