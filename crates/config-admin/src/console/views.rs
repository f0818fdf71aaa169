//! What pages and routes show: an environment, its replicas, a rollout, the models to choose from.

use std::collections::BTreeMap;

use bellwether_core::change::Difference;
use bellwether_settings::Environment;
use bellwether_store::{StoredVersion, Traffic};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Both environments side by side.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Staging.
    pub stage: EnvironmentView,
    /// Production.
    pub prod: EnvironmentView,
    /// From production's document to staging's, field by field; empty where one cannot be read.
    pub differences: Vec<Difference>,
}

/// One environment as it is now.
#[derive(Debug, Clone)]
pub struct EnvironmentView {
    /// Which.
    pub environment: Environment,
    /// The newest version: the one that is to be live.
    pub live: Option<StoredVersion>,
    /// Why its database cannot be asked, where it cannot: version and replicas are then unknown.
    pub unavailable: Option<String>,
    /// Every replica that is known, by name.
    pub replicas: Vec<ReplicaView>,
    /// What its api says of itself.
    pub health: Health,
}

impl EnvironmentView {
    /// How many replicas have the live version.
    pub fn synced(&self) -> usize {
        self.replicas.iter().filter(|replica| replica.state == ReplicaState::Synced).count()
    }
}

/// One replica as it last said, against the version that is to be live.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplicaView {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: ReplicaState,
    /// The version that it runs; none while it runs none.
    pub version: Option<u64>,
    /// Why it refuses the version, where it does.
    pub reasons: Vec<String>,
    /// When it last said so, in UTC.
    pub heard_at: DateTime<Utc>,
    /// When it started, in UTC.
    pub started_at: DateTime<Utc>,
    /// SHA-256 of every bundle that it has verified, by uid.
    pub bundles: BTreeMap<String, String>,
}

/// How a replica stands to the version that is to be live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaState {
    /// It runs that version.
    Synced,
    /// It has not taken it up yet.
    Behind,
    /// It refuses it.
    Refused,
    /// It has missed three reports.
    Silent,
}

/// What an environment's api says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum Health {
    /// It answers predictions.
    Ready,
    /// It answers that it cannot, and why.
    NotReady(String),
    /// It does not answer, and why.
    Unreachable(String),
}

/// How far a rollout has come.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutProgress {
    /// Every replica of production, against the rollout's version.
    pub replicas: Vec<ReplicaView>,
    /// How many of them have it.
    pub synced: usize,
    /// How many there are.
    pub expected: usize,
    /// What keeps it from being done, one sentence each.
    pub hindrances: Vec<String>,
    /// How long it still bakes, in seconds; none where it does not bake, or not yet.
    pub bake_seconds_left: Option<u64>,
    /// What the replicas have answered under this version, added up; none where they told nothing.
    pub traffic: Option<Traffic>,
    /// Which limits it exceeds now, one sentence each.
    pub exceeded: Vec<String>,
}

/// A bundle that a document may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelChoice {
    /// Its uid.
    pub uid: String,
    /// Its name, for people; its uid where that is not known.
    pub name: String,
    /// Whether every replica of staging has it loaded; where staging cannot be asked, every replica of production.
    pub loadable: bool,
    /// Why it cannot be chosen, where it cannot.
    pub reason: Option<String>,
    /// SHA-256 of what staging has loaded, in hex; none where staging cannot be asked.
    pub sha256: Option<String>,
    /// Whether every replica of production has that very sha256; where staging cannot be asked, each the same.
    pub in_prod: bool,
}
