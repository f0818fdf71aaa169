//! The checks of a trial, one file each. What each is for is said at [`bellwether_core::change::CheckName`].

mod cutoff;
mod golden;
mod replay;
mod replicas;
mod shares;
mod treatments;

pub(super) use cutoff::cutoff;
pub(super) use golden::golden;
pub(super) use replay::replay;
pub(super) use replicas::{TakenUp, replicas, unchanged};
pub(super) use shares::shares;
pub(super) use treatments::treatments;

/// So many calls of an api at once.
const AT_ONCE: usize = 4;
