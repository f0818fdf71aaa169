//! What follows a promotion: every replica takes it up, it bakes within its limits, or it is rolled back by itself, and
//! those concerned are told by mail.
//!
//! As with trials, what is under way is what the database says. Two processes at it do no harm: every write is by
//! revision, and a rollback is one transaction with the version that it appends.

mod evidence;
mod judge;
mod notices;
mod progress;
mod rollback;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::change::{Outcome, Proposal, ProposalState, Rollout};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::ConsoleError;
use crate::console::{Console, SYSTEM, Turn, particulars};
pub(crate) use evidence::Evidence;
use notices::Notices;
use standing::Standing;

/// How often rollouts are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Sees rollouts through.
pub struct Watcher {
    console: Console,
    notices: Arc<Notices>,
}

impl Watcher {
    /// A watcher of a console's rollouts.
    pub fn new(console: Console) -> Self {
        let notices = Arc::new(Notices::new(console.clone()));
        Self { console, notices }
    }

    /// Watches every rollout until `stop` is cancelled. What is under way then is taken up by the next process.
    pub async fn run(self, stop: CancellationToken) {
        // A mail server that hangs must not keep anybody from watching.
        let both = async { tokio::join!(self.keep_watching(), self.notices.keep_sending()) };
        stop.run_until_cancelled(Box::pin(both)).await;
    }

    async fn keep_watching(&self) {
        let mut away = false;
        loop {
            let now = self.console.now();
            let looked = self.look().await;
            match &looked {
                Err(error) if error.is_away() => self.console.evidence().lost(),
                _ => self.console.evidence().looked(now, self.console.patience()),
            }
            match looked {
                Ok(()) => away = false,
                Err(error) if !away => {
                    // Said once an outage.
                    away = true;
                    tracing::warn!(%error, "rollouts cannot be watched; they wait");
                }
                Err(_) => {}
            }
            let bell = self.console.bells().rollouts.notified();
            let _ = tokio::time::timeout(LOOK, bell).await;
        }
    }

    async fn look(&self) -> Result<(), ConsoleError> {
        let mut under_way = self.console.database().under_way().await?;
        under_way.retain(|proposal| proposal.state == ProposalState::RollingOut);
        let versions: Vec<_> = under_way.iter().filter_map(|proposal| proposal.rollout.as_ref()).collect();
        self.console.evidence().keep(|version| versions.iter().any(|rollout| rollout.version == version));
        let mut failed = None;
        for proposal in under_way {
            let id = proposal.id;
            match self.watch(proposal).await {
                // Somebody did something to it meanwhile: the next look sees what.
                Ok(()) | Err(ConsoleError::Overtaken(_) | ConsoleError::Stale { .. }) => {}
                // The others are looked at all the same.
                Err(error @ (ConsoleError::Unsure(_) | ConsoleError::Store(_))) => {
                    failed.get_or_insert(error);
                }
                Err(error) => tracing::error!(%error, proposal = id, "a rollout cannot be watched"),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn watch(&self, proposal: Proposal) -> Result<(), ConsoleError> {
        let Some(rollout) = proposal.rollout.clone() else { return Ok(()) };
        let newest = self.console.prod().live().await?.map_or(0, |newest| newest.version);
        if let Some(by) = self.overtaker(rollout.version, newest).await? {
            return self.overtaken(proposal, rollout, by).await;
        }
        let census = self.console.census(self.console.prod()).await?;
        self.console.evidence().count(rollout.version, &census);
        let standing = Standing::of(&rollout, &census, &self.console.evidence());
        if !standing.exceeded.is_empty() {
            return self.roll_back(proposal, rollout, newest, standing.exceeded).await;
        }
        if !standing.hindrances.is_empty() {
            return Ok(());
        }
        let answers = standing.traffic.map_or(0, |traffic| traffic.answered.saturating_add(traffic.failed));
        self.synced(proposal, rollout, answers).await
    }

    /// Every replica has it: from now on it bakes; where it has, or need not, it is done.
    async fn synced(
        &self,
        proposal: Proposal,
        mut rollout: Rollout,
        answers: u64,
    ) -> Result<(), ConsoleError> {
        let now = self.console.now();
        let since = rollout.synced_at.unwrap_or(now);
        let baked = (now - since).num_milliseconds().max(0).unsigned_abs() / 1_000;
        if rollout.bake_seconds.is_none_or(|seconds| baked >= seconds) {
            rollout.synced_at = Some(since);
            let judged = rollout.bake_seconds.is_some() && answers >= rollout.limits.min_answers.max(1);
            rollout.outcome = Some(Outcome::Done { at: now, answers, judged });
            let detail = json!({ "answers": answers, "judged": judged });
            return self.end(proposal, rollout, ProposalState::Done, "proposal.done", detail).await;
        }
        if rollout.synced_at.is_none() {
            rollout.synced_at = Some(now);
            let state = ProposalState::RollingOut;
            return self.end(proposal, rollout, state, "proposal.synced", json!({})).await;
        }
        Ok(())
    }

    /// The version that replicas run in place of one, if there is: a row that is no config goes live nowhere.
    async fn overtaker(&self, version: u64, newest: u64) -> Result<Option<u64>, ConsoleError> {
        let prod = self.console.prod();
        for later in (version + 1..=newest).rev() {
            let row = prod.database.version(prod.name(), later).await?;
            if row.is_some_and(|row| row.document.is_ok()) {
                return Ok(Some(later));
            }
        }
        Ok(None)
    }

    async fn overtaken(
        &self,
        proposal: Proposal,
        mut rollout: Rollout,
        version: u64,
    ) -> Result<(), ConsoleError> {
        rollout.outcome = Some(Outcome::Overtaken { at: self.console.now(), version });
        let detail = json!({ "by_version": version });
        self.end(proposal, rollout, ProposalState::Overtaken, "proposal.overtaken", detail).await
    }

    /// Writes down how far a rollout has come.
    async fn end(
        &self,
        before: Proposal,
        rollout: Rollout,
        state: ProposalState,
        action: &'static str,
        mut detail: Value,
    ) -> Result<(), ConsoleError> {
        detail["version"] = rollout.version.into();
        let updated_at = self.console.now();
        let after = Proposal { state, rollout: Some(rollout), updated_at, ..before.clone() };
        let detail = particulars(&after, detail);
        let actor = SYSTEM.to_owned();
        self.console.turn(Turn { before, after, action, actor, detail, more: Vec::new() }).await?;
        Ok(())
    }
}
