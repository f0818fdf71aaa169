//! Who gets what: a client's treatment and arm, as a function of the config's salt and the client's id
//! alone, so that it is the same on every replica and after every restart.
//!
//! The algorithm, for other systems to compute the same: a draw is the first 8 bytes, big-endian, of
//! `SHA-256(salt ‖ 0x00 ‖ draw's name ‖ 0x00 ‖ client_id)`, modulo 10,000. The draw `treatment` below
//! `holdout_percentage × 100` means holdout, below that plus `heuristic_percentage × 100` the
//! heuristic, else a model: then the draw `arm` falls into the arms' shares, laid end to end in the
//! document's order. A request without a client id is drawn by its uid.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::ConfigDocument;

/// How many buckets a draw falls into.
pub const BUCKETS: u16 = 10_000;

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// A model's prediction.
    Model,
    /// The heuristic's prediction.
    Heuristic,
    /// No prediction, so that the others can be compared with something.
    Holdout,
}

impl Treatment {
    /// The name on the wire and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Heuristic => "heuristic",
            Self::Holdout => "holdout",
        }
    }
}

/// A client's treatment, and the arm a model's prediction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// What the client gets.
    pub treatment: Treatment,
    /// Position in the document's `arms`: the arm that answers, or would.
    pub arm: usize,
}

/// Assigns one client. `id` is the client id, or the request's uid where there is none.
pub fn assign(config: &ConfigDocument, id: &str) -> Assignment {
    let salt = &config.experiment_salt;
    let treatment = treatment_at(config, draw(salt, "treatment", id));
    Assignment { treatment, arm: arm_at(config, draw(salt, "arm", id)) }
}

/// What those get whose draw `treatment` fell into this bucket, 0 to 9,999.
pub(crate) fn treatment_at(config: &ConfigDocument, drawn: u16) -> Treatment {
    let holdout = config.holdout_percentage.buckets();
    let heuristic = config.heuristic_percentage.buckets();
    if drawn < holdout {
        Treatment::Holdout
    } else if drawn < holdout + heuristic {
        Treatment::Heuristic
    } else {
        Treatment::Model
    }
}

/// Position of the arm of those whose draw `arm` fell into this bucket, 0 to 9,999.
pub(crate) fn arm_at(config: &ConfigDocument, drawn: u16) -> usize {
    let mut end = 0;
    for (at, arm) in config.arms.iter().enumerate() {
        end += arm.percentage.buckets();
        if drawn < end {
            return at;
        }
    }
    0
}

/// A bucket in 0 … 9,999 for this id.
#[expect(clippy::cast_possible_truncation, reason = "the remainder of 10,000 fits")]
pub fn draw(salt: &str, name: &str, id: &str) -> u16 {
    let mut hash = Sha256::new();
    for part in [salt.as_bytes(), b"\0", name.as_bytes(), b"\0", id.as_bytes()] {
        hash.update(part);
    }
    let digest = hash.finalize();
    let head = digest.iter().take(8).fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    (head % u64::from(BUCKETS)) as u16
}

#[cfg(test)]
#[path = "treatment_tests.rs"]
mod tests;
