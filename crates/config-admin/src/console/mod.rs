//! The operations of the console, each checked, written down in one transaction with its line in the audit log,
//! and told in words where it is refused. What goes on by itself afterwards is in [`crate::trial`] and
//! [`crate::rollout`].

mod change;
mod draft;
mod history;
mod models;
mod overview;
mod payloads;
mod progress;
mod promote;
mod propose;
mod replicas;
mod revert;
mod views;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bellwether_core::change::{Proposal, ProposalState};
use bellwether_mail::Post;
use bellwether_settings::{Console as ConsoleSettings, Environment};
use bellwether_store::archive::ArchiveStore;
use bellwether_store::{Clock, Database, StoreError};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use tokio::sync::Notify;

pub use bellwether_pages::Actor;
pub(crate) use change::{Turn, Written};
pub(crate) use draft::reason_fault;
pub use draft::{Bake, Draft};
pub use progress::TrialProgress;
pub(crate) use propose::particulars;
pub use views::{EnvironmentView, Health, ModelChoice, Overview, ReplicaState, ReplicaView, RolloutProgress};

use crate::ConsoleError;
use crate::environment::{Census, EnvironmentParts};
use crate::rollout::Evidence;

/// The most that a list answers at once.
pub(crate) const MAX_PAGE: u32 = 200;
/// Who acts where nobody does.
pub(crate) const SYSTEM: &str = "bellwether";

/// What a console is built on.
pub struct ConsoleParts {
    /// Staging.
    pub stage: EnvironmentParts,
    /// Production. People, proposals and the audit log are in its database.
    pub prod: EnvironmentParts,
    /// How the console behaves.
    pub settings: ConsoleSettings,
    /// How often each replica reports: `replicas.heartbeat_seconds` of both environments.
    pub heartbeat: Duration,
    /// Where lines of the audit log are kept once more; none where nothing is archived.
    pub archive: Option<Arc<dyn ArchiveStore>>,
    /// What carries notices; none where no mail is sent.
    pub post: Option<Post>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// The console. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Console {
    parts: Arc<ConsoleParts>,
    progress: Arc<progress::Table>,
    bells: Arc<Bells>,
    evidence: Arc<Mutex<Evidence>>,
    drift_faults: crate::drift::Faults,
    reports: Arc<crate::experiments::Reports>,
    /// Held by whoever reads the whole audit log.
    verification: Arc<tokio::sync::Mutex<()>>,
}

/// Wakes what goes on by itself, so that nobody waits for its next look.
#[derive(Default)]
pub(crate) struct Bells {
    pub trials: Notify,
    pub rollouts: Notify,
    pub audit: Notify,
}

impl Console {
    /// A console of these parts. Nothing goes on by itself before [`crate::trial::Runner`],
    /// [`crate::rollout::Watcher`] and [`crate::archive::Archiver`] run.
    pub fn new(parts: ConsoleParts) -> Self {
        Self {
            parts: Arc::new(parts),
            progress: Arc::default(),
            bells: Arc::default(),
            evidence: Arc::default(),
            drift_faults: Arc::default(),
            reports: Arc::default(),
            verification: Arc::default(),
        }
    }

    /// Production's database, in which people, proposals and the audit log are.
    pub fn database(&self) -> &dyn Database {
        &*self.parts.prod.database
    }

    /// What time it is.
    pub fn clock(&self) -> &dyn Clock {
        &*self.parts.clock
    }

    /// How the console behaves.
    pub fn settings(&self) -> &ConsoleSettings {
        &self.parts.settings
    }

    /// One proposal.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`], or [`ConsoleError::Store`].
    pub async fn proposal(&self, id: u64) -> Result<Proposal, ConsoleError> {
        let found = self.database().proposal(id).await?;
        found.ok_or_else(|| ConsoleError::NotFound(format!("there is no proposal {id}")))
    }

    /// Up to `limit` (200 at most) proposals before `before`, newest first.
    ///
    /// # Errors
    /// [`ConsoleError::Store`].
    pub async fn proposals(&self, before: Option<u64>, limit: u32) -> Result<Vec<Proposal>, ConsoleError> {
        Ok(self.database().proposals(before, limit.min(MAX_PAGE)).await?)
    }

    /// How far the trial of a proposal has come; none where none runs in this process.
    pub fn trial_progress(&self, id: u64) -> Option<TrialProgress> {
        self.progress.of(id)
    }

    pub(crate) fn progress(&self) -> &progress::Table {
        &self.progress
    }

    pub(crate) fn bells(&self) -> &Bells {
        &self.bells
    }

    /// What the watcher of this process has seen; not to be held over an await.
    pub(crate) fn evidence(&self) -> MutexGuard<'_, Evidence> {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports of experiments.
    pub(crate) fn reports(&self) -> &Arc<crate::experiments::Reports> {
        &self.reports
    }

    /// Why the drift of models cannot be measured; not to be held over an await.
    pub(crate) fn drift_faults(&self) -> &crate::drift::Faults {
        &self.drift_faults
    }

    /// How long a replica may be unheard of before it is called silent.
    pub(crate) fn patience(&self) -> TimeDelta {
        Census::patience_of(self.parts.heartbeat)
    }

    pub(crate) fn parts(&self) -> &ConsoleParts {
        &self.parts
    }

    pub(crate) fn stage(&self) -> &EnvironmentParts {
        &self.parts.stage
    }

    pub(crate) fn prod(&self) -> &EnvironmentParts {
        &self.parts.prod
    }

    /// The parts of an environment; none of `local`, which no console looks after.
    pub(crate) fn environment(&self, environment: Environment) -> Option<&EnvironmentParts> {
        match environment {
            Environment::Local => None,
            Environment::Stage => Some(self.stage()),
            Environment::Prod => Some(self.prod()),
        }
    }

    /// The time, as exactly as it is kept.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now().trunc_subsecs(6)
    }

    /// The replicas of an environment, as they last said.
    pub(crate) async fn census(&self, environment: &EnvironmentParts) -> Result<Census, StoreError> {
        Census::take(environment, self.now(), self.parts.heartbeat).await
    }

    /// A proposal as somebody saw it.
    ///
    /// # Errors
    /// [`ConsoleError::Overtaken`] where something has happened to it since.
    pub(crate) async fn seen(&self, id: u64, revision: u64) -> Result<Proposal, ConsoleError> {
        let proposal = self.proposal(id).await?;
        if proposal.revision == revision { Ok(proposal) } else { Err(overtaken(&proposal)) }
    }
}

/// Somebody was quicker.
pub(crate) fn overtaken(now: &Proposal) -> ConsoleError {
    let (id, state) = (now.id, in_words(now.state));
    ConsoleError::Overtaken(format!("something has happened to proposal {id} meanwhile: {state}"))
}

/// A state as a sentence about the proposal.
pub(crate) fn in_words(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Proposed => "it is proposed, and has not been tried since",
        ProposalState::Trying => "it is being tried in staging",
        ProposalState::Passed => "it has passed its trial",
        ProposalState::Failed => "it has failed its trial",
        ProposalState::RollingOut => "it is being rolled out in production",
        ProposalState::Done => "it is in production, and done",
        ProposalState::RolledBack => "it was rolled back",
        ProposalState::Overtaken => "another version went to production before it was done",
        ProposalState::Withdrawn => "it was withdrawn",
    }
}
