//! What the API answers, as it is written: views of what [`crate::console`] and the store tell, each documented.

use std::collections::BTreeMap;

use bellwether_core::change::{CheckName, Difference, Proposal, Reassignment, TrialReport};
use bellwether_core::config::{ConfigDocument, Provenance};
use bellwether_store::{StoredVersion, Traffic};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::console::{
    EnvironmentView, Health, ModelChoice, Overview, ReplicaState, ReplicaView, RolloutProgress, TrialProgress,
};

/// One config version of an environment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryVersion {
    /// `stage` or `prod`.
    environment: String,
    /// Counts up from 1 within an environment.
    version: u64,
    /// The version it was made from; null for the first.
    parent: Option<u64>,
    /// SHA-256 of the document in hex.
    sha256: String,
    /// Who made it.
    author: String,
    /// Why.
    reason: String,
    /// When, in UTC.
    created_at: DateTime<Utc>,
    /// By which way it came to be; null where that is not known.
    provenance: Option<Provenance>,
    /// The content; null where what is stored cannot be used.
    document: Option<ConfigDocument>,
    /// What is stored instead of a document, where it cannot be used; null else.
    unreadable: Option<Unreadable>,
}

/// What no replica will use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unreadable {
    /// What is stored.
    text: String,
    /// Why it cannot be used, each reason beginning with the field at fault.
    reasons: Vec<String>,
}

impl From<StoredVersion> for HistoryVersion {
    fn from(stored: StoredVersion) -> Self {
        let (document, unreadable) = match stored.document {
            Ok(document) => (Some(document), None),
            Err(why) => (None, Some(Unreadable { text: why.text, reasons: why.reasons })),
        };
        Self {
            environment: stored.environment,
            version: stored.version,
            parent: stored.parent,
            sha256: stored.sha256,
            author: stored.author,
            reason: stored.reason,
            created_at: stored.created_at,
            provenance: stored.provenance,
            document,
            unreadable,
        }
    }
}

/// One version, and the trial that let it through.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionWithReport {
    /// The version.
    pub(super) version: HistoryVersion,
    /// What its trial in staging found; null where it came another way.
    pub(super) report: Option<TrialReport>,
}

/// Some versions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Versions {
    /// The versions.
    pub(super) versions: Vec<HistoryVersion>,
    /// What to ask for as `before` to get older ones; null where there are none.
    pub(super) next_before: Option<u64>,
}

/// What one version has otherwise than another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Diff {
    /// `stage` or `prod`.
    pub(super) environment: String,
    /// The version that is looked at.
    pub(super) version: u64,
    /// The one that it is compared with: its values are `before`.
    pub(super) to: u64,
    /// Every field that the two have differently.
    pub(super) differences: Vec<Difference>,
}

/// Both environments side by side.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SideBySide {
    /// Staging.
    stage: EnvironmentNow,
    /// Production.
    prod: EnvironmentNow,
    /// From production's document to staging's; empty where one cannot be read.
    differences: Vec<Difference>,
}

/// One environment as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnvironmentNow {
    /// `stage` or `prod`.
    environment: String,
    /// The newest version: the one that is to be live.
    live: Option<HistoryVersion>,
    /// Why its database cannot be asked, where it cannot: version and replicas are then unknown.
    unavailable: Option<String>,
    /// How many replicas have the live version.
    synced: usize,
    /// How many replicas are known.
    expected: usize,
    /// Every replica that is known, by name.
    replicas: Vec<Replica>,
    /// What its api says of itself.
    health: ApiHealth,
}

impl From<Overview> for SideBySide {
    fn from(overview: Overview) -> Self {
        let Overview { stage, prod, differences } = overview;
        Self { stage: stage.into(), prod: prod.into(), differences }
    }
}

impl From<EnvironmentView> for EnvironmentNow {
    fn from(view: EnvironmentView) -> Self {
        Self {
            synced: view.synced(),
            expected: view.replicas.len(),
            environment: view.environment.as_str().to_owned(),
            live: view.live.map(HistoryVersion::from),
            unavailable: view.unavailable,
            replicas: view.replicas.into_iter().map(Replica::from).collect(),
            health: view.health.into(),
        }
    }
}

/// What an environment's api says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiHealth {
    /// Whether it answers predictions.
    state: HealthState,
    /// Why not; null where it does.
    reason: Option<String>,
}

/// Whether an api answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HealthState {
    /// It answers predictions.
    Ready,
    /// It answers that it cannot.
    NotReady,
    /// It does not answer.
    Unreachable,
}

impl From<Health> for ApiHealth {
    fn from(health: Health) -> Self {
        let (state, reason) = match health {
            Health::Ready => (HealthState::Ready, None),
            Health::NotReady(reason) => (HealthState::NotReady, Some(reason)),
            Health::Unreachable(reason) => (HealthState::Unreachable, Some(reason)),
        };
        Self { state, reason }
    }
}

/// One replica as it last said.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replica {
    /// Its name.
    name: String,
    /// `synced`: it runs the version; `behind`: not yet; `refused`: it will not; `silent`: it has missed three reports.
    #[schema(value_type = String)]
    state: ReplicaState,
    /// The version that it runs; null while it runs none.
    version: Option<u64>,
    /// Why it refuses the version, where it does.
    reasons: Vec<String>,
    /// When it last said so, in UTC.
    heard_at: DateTime<Utc>,
    /// When it started, in UTC.
    started_at: DateTime<Utc>,
    /// SHA-256 of every bundle that it has verified, by uid.
    bundles: BTreeMap<String, String>,
}

impl From<ReplicaView> for Replica {
    fn from(view: ReplicaView) -> Self {
        let ReplicaView { name, state, version, reasons, heard_at, started_at, bundles } = view;
        Self { name, state, version, reasons, heard_at, started_at, bundles }
    }
}

/// The bundles to choose from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Models {
    /// Each bundle that is known.
    pub(super) models: Vec<Model>,
}

/// A bundle that a document may name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Model {
    /// Its uid.
    uid: String,
    /// Its name, for people.
    name: String,
    /// Whether every replica of staging has it loaded.
    loadable: bool,
    /// Why it cannot be chosen, where it cannot.
    reason: Option<String>,
    /// SHA-256 of what staging has loaded, in hex.
    sha256: Option<String>,
    /// Whether every replica of production has that very sha256.
    in_prod: bool,
}

impl From<ModelChoice> for Model {
    fn from(choice: ModelChoice) -> Self {
        let ModelChoice { uid, name, loadable, reason, sha256, in_prod } = choice;
        Self { uid, name, loadable, reason, sha256, in_prod }
    }
}

/// Some proposals, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Proposals {
    /// The proposals.
    pub(super) proposals: Vec<Proposal>,
    /// What to ask for as `before` to get older ones; null where there are none.
    pub(super) next_before: Option<u64>,
}

/// A proposal, and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposalNow {
    /// The proposal. Its `revision` has to be named by whoever acts on it.
    pub(super) proposal: Proposal,
    /// What it changes of the version that it was made from; null where that is no document, and, after a step, where
    /// it could not be read.
    pub(super) differences: Option<Vec<Difference>>,
    /// Whom it moves, against that version; null after a step where that could not be read.
    pub(super) reassignment: Option<Reassignment>,
    /// How far its trial has come; null where none runs.
    pub(super) trial_progress: Option<TrialStep>,
    /// How far its rollout has come; null before it is promoted, and, after a step, where it could not be read.
    pub(super) rollout_progress: Option<RolloutStep>,
}

/// How far a running trial has come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrialStep {
    /// Which check runs.
    check: CheckName,
    /// How much of it is done.
    done: u64,
    /// Of how much; 0 where that is not known.
    of: u64,
}

impl From<TrialProgress> for TrialStep {
    fn from(progress: TrialProgress) -> Self {
        let TrialProgress { check, done, of } = progress;
        Self { check, done, of }
    }
}

/// How far a rollout has come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RolloutStep {
    /// Every replica of production, against the rollout's version.
    replicas: Vec<Replica>,
    /// How many of them have it.
    synced: usize,
    /// How many there are.
    expected: usize,
    /// What keeps it from being done, one sentence each.
    hindrances: Vec<String>,
    /// How long it is still watched, in seconds; null where it is not, or not yet.
    bake_seconds_left: Option<u64>,
    /// What the replicas have answered under this version, added up; null where they told nothing.
    traffic: Option<Answers>,
    /// Which limits it exceeds now, one sentence each.
    exceeded: Vec<String>,
}

/// What was answered for clients' sakes under a version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answers {
    /// Since when, in UTC.
    since: DateTime<Utc>,
    /// Predictions answered, holdouts included.
    answered: u64,
    /// Answers with a status of 5xx.
    failed: u64,
    /// Of those answered, the ones of high risk.
    high_risk: u64,
    /// Of those answered, the ones without a prediction: holdouts.
    without_prediction: u64,
    /// The latency that 99 of 100 answers did not exceed, in milliseconds; null while there are none.
    p99_ms: Option<f64>,
}

impl From<Traffic> for Answers {
    fn from(traffic: Traffic) -> Self {
        Self {
            since: traffic.since,
            answered: traffic.answered,
            failed: traffic.failed,
            high_risk: traffic.high_risk,
            without_prediction: traffic.without_prediction,
            p99_ms: traffic.p99_ms(),
        }
    }
}

impl From<RolloutProgress> for RolloutStep {
    fn from(progress: RolloutProgress) -> Self {
        Self {
            replicas: progress.replicas.into_iter().map(Replica::from).collect(),
            synced: progress.synced,
            expected: progress.expected,
            hindrances: progress.hindrances,
            bake_seconds_left: progress.bake_seconds_left,
            traffic: progress.traffic.map(Answers::from),
            exceeded: progress.exceeded,
        }
    }
}

/// The first entry of the page after this one, where there may be one: entries count down to 1.
pub(super) fn next_before(last: Option<u64>, count: usize, limit: u32) -> Option<u64> {
    let full = u32::try_from(count).is_ok_and(|count| count >= limit);
    last.filter(|last| full && *last > 1)
}
