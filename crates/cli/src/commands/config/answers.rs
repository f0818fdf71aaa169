//! What the console's API answers, as far as it is told here. A console of a later version may say more.

use bellwether_core::change::{Difference, Proposal, Reassignment};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// One config version.
#[derive(Debug, Deserialize)]
pub(super) struct VersionRead {
    pub(super) environment: String,
    pub(super) version: u64,
    pub(super) sha256: String,
    pub(super) author: String,
    pub(super) reason: String,
    pub(super) created_at: DateTime<Utc>,
    /// As it is, so that a field this build does not know is not lost.
    pub(super) document: Option<Value>,
    pub(super) unreadable: Option<Unreadable>,
}

/// What no replica will use.
#[derive(Debug, Deserialize)]
pub(super) struct Unreadable {
    pub(super) reasons: Vec<String>,
}

/// A version with the report of its trial, which is not told here.
#[derive(Debug, Deserialize)]
pub(super) struct VersionWithReport {
    pub(super) version: VersionRead,
}

/// Some versions.
#[derive(Debug, Deserialize)]
pub(super) struct Versions {
    pub(super) versions: Vec<VersionRead>,
    pub(super) next_before: Option<u64>,
}

/// What one version has otherwise than another.
#[derive(Debug, Deserialize)]
pub(super) struct Diff {
    pub(super) environment: String,
    pub(super) version: u64,
    pub(super) to: u64,
    pub(super) differences: Vec<Difference>,
}

/// Both environments.
#[derive(Debug, Deserialize)]
pub(super) struct SideBySide {
    pub(super) stage: EnvironmentRead,
    pub(super) prod: EnvironmentRead,
    pub(super) differences: Vec<Difference>,
}

/// One environment.
#[derive(Debug, Deserialize)]
pub(super) struct EnvironmentRead {
    pub(super) environment: String,
    pub(super) live: Option<VersionRead>,
    pub(super) unavailable: Option<String>,
    pub(super) synced: usize,
    pub(super) expected: usize,
    pub(super) replicas: Vec<Replica>,
    pub(super) health: Health,
}

/// What an environment's api says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Health {
    pub(super) state: String,
    pub(super) reason: Option<String>,
}

/// One replica.
#[derive(Debug, Deserialize)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) version: Option<u64>,
    pub(super) reasons: Vec<String>,
    pub(super) heard_at: DateTime<Utc>,
}

/// A proposal, and how far it has come.
#[derive(Debug, Deserialize)]
pub(super) struct ProposalNow {
    pub(super) proposal: Proposal,
    pub(super) differences: Option<Vec<Difference>>,
    pub(super) reassignment: Option<Reassignment>,
    pub(super) trial_progress: Option<TrialStep>,
    pub(super) rollout_progress: Option<RolloutStep>,
}

/// How far a trial has come.
#[derive(Debug, Deserialize)]
pub(super) struct TrialStep {
    pub(super) check: String,
    pub(super) done: u64,
    pub(super) of: u64,
}

/// How far a rollout has come.
#[derive(Debug, Deserialize)]
pub(super) struct RolloutStep {
    pub(super) replicas: Vec<Replica>,
    pub(super) synced: usize,
    pub(super) expected: usize,
    pub(super) hindrances: Vec<String>,
    pub(super) bake_seconds_left: Option<u64>,
}
