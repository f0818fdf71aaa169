//! The operations of the console, each checked, written down in one transaction with its line in the audit log,
//! and told in words where it is refused. What goes on by itself afterwards is in [`crate::trial`] and
//! [`crate::rollout`].

mod actor;
mod draft;
mod views;

pub use actor::Actor;
pub(crate) use draft::reason_fault;
pub use draft::{Bake, Draft};
pub use views::{EnvironmentView, Health, ModelChoice, Overview, ReplicaState, ReplicaView, RolloutProgress};

use bellwether_core::change::{CheckName, Proposal, TrialReport};
use bellwether_core::config::ConfigDocument;
use bellwether_settings::Environment;
use bellwether_store::console::GoldenPayload;
use bellwether_store::{Clock, Database};

use crate::ConsoleError;
use crate::pending::{Reassignment, StoredVersion};

/// The console. Cheap to clone.
#[derive(Clone)]
pub struct Console {}

/// How far a running trial has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct TrialProgress {
    /// Which check runs.
    pub check: CheckName,
    /// How much of it is done.
    pub done: u64,
    /// Of how much.
    pub of: u64,
}

fn later<T>() -> Result<T, ConsoleError> {
    Err(ConsoleError::State("this build cannot do that yet".to_owned()))
}

#[allow(clippy::unused_async, missing_docs, clippy::missing_errors_doc, unused_variables)]
impl Console {
    pub async fn propose(&self, actor: &Actor, draft: Draft) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn edit(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
        draft: Draft,
    ) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn try_in_staging(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
    ) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn approve(&self, actor: &Actor, id: u64, revision: u64) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn promote(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
        bake: Bake,
    ) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn promote_past_staging(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
        why: String,
        bake: Bake,
    ) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn withdraw(&self, actor: &Actor, id: u64, revision: u64) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn revert(
        &self,
        actor: &Actor,
        version: u64,
        reason: String,
    ) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn proposal(&self, id: u64) -> Result<Proposal, ConsoleError> {
        later()
    }
    pub async fn proposals(&self, before: Option<u64>, limit: u32) -> Result<Vec<Proposal>, ConsoleError> {
        later()
    }
    pub async fn overview(&self) -> Overview {
        unimplemented!()
    }
    pub async fn rollout_progress(&self, proposal: &Proposal) -> Result<RolloutProgress, ConsoleError> {
        later()
    }
    pub fn trial_progress(&self, id: u64) -> Option<TrialProgress> {
        None
    }
    pub async fn history(
        &self,
        environment: Environment,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<StoredVersion>, ConsoleError> {
        later()
    }
    pub async fn version(
        &self,
        environment: Environment,
        version: u64,
    ) -> Result<(StoredVersion, Option<TrialReport>), ConsoleError> {
        later()
    }
    pub async fn models(&self) -> Vec<ModelChoice> {
        Vec::new()
    }
    pub async fn reassignment(
        &self,
        document: &ConfigDocument,
        base: u64,
    ) -> Result<Reassignment, ConsoleError> {
        later()
    }
    pub async fn payloads(&self) -> Result<Vec<GoldenPayload>, ConsoleError> {
        later()
    }
    pub async fn save_payload(
        &self,
        actor: &Actor,
        payload: GoldenPayload,
    ) -> Result<GoldenPayload, ConsoleError> {
        later()
    }
    pub async fn delete_payload(&self, actor: &Actor, name: &str) -> Result<(), ConsoleError> {
        later()
    }
    pub fn database(&self) -> &dyn Database {
        unimplemented!()
    }
    pub fn clock(&self) -> &dyn Clock {
        unimplemented!()
    }
}
