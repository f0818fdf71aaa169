//! Stands in for types that other branches bring, by the signatures agreed on; goes when they are there.
#![allow(missing_docs, reason = "goes with the merge")]

pub use bellwether_core::change::{Difference, Reassignment, ThreeWay};
pub use bellwether_store::StoredVersion;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {}
