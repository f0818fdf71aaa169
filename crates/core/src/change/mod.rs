//! A change of config on its way to production: what it changes, whom it moves, how it was tried, how it is
//! rolled out. Pure: who carries it on belongs to the console, where it is kept to the store.

mod diff;
mod proposal;
mod reassignment;
mod rollout;
mod trial;

pub use diff::{Difference, ThreeWay, differences, three_way};
pub use proposal::{Approval, Closed, Emergency, Proposal, ProposalKind, ProposalState};
pub use reassignment::{Reassignment, reassignment};
pub use rollout::{Limits, Outcome, Rollout};
pub use trial::{Check, CheckName, Histogram, Replay, Trial, TrialReport};
