//! The step to production: the very document that passed, while production is what the proposer saw, on replicas that
//! have the very bundles that were tried; proposal, version and audit log in one transaction.

use std::collections::BTreeMap;

use bellwether_core::change::{Emergency, Outcome, Proposal, ProposalKind, ProposalState, Rollout};
use bellwether_core::config::{Origin, Provenance};
use bellwether_settings::Approval as ApprovalRule;
use bellwether_store::console::Step;
use bellwether_store::{NewConfigVersion, Role, StoreError, Users};
use serde_json::json;

use super::change::Turn;
use super::propose::particulars;
use super::{Actor, Bake, Console, ReplicaState, draft, in_words};
use crate::ConsoleError;

impl Console {
    /// Makes a proposal that passed its trial production's config: [`crate::rollout::Watcher`] sees to the rest. For
    /// approvers.
    ///
    /// # Errors
    /// [`ConsoleError::State`] where it did not pass, is not approved, or production's replicas have not what was
    /// tried, or another is being watched; [`ConsoleError::Stale`] where production is not what the proposer saw; [`ConsoleError::Overtaken`] where
    /// somebody else was quicker; [`ConsoleError::Unsure`] where the database went away amid it.
    pub async fn promote(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
        bake: Bake,
    ) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Approver, "promote a proposal")?;
        let before = self.seen(id, revision).await?;
        if before.state != ProposalState::Passed || !before.has_passed() {
            let words = in_words(before.state);
            return Err(ConsoleError::State(format!(
                "only what passed its trial goes to production: {words}"
            )));
        }
        self.send(actor, before, bake, None).await
    }

    /// The way past staging, marked as such for ever. For admins.
    ///
    /// # Errors
    /// As [`Console::promote`]; a reason (`why`) is demanded.
    pub async fn promote_past_staging(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
        why: String,
        bake: Bake,
    ) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Admin, "promote past staging")?;
        if let Some(fault) = draft::reason_fault("why", &why) {
            return Err(ConsoleError::Faults(vec![fault]));
        }
        let before = self.seen(id, revision).await?;
        if !before.state.is_editable() {
            return Err(ConsoleError::State(format!("it cannot be promoted: {}", in_words(before.state))));
        }
        let emergency = Emergency { by: actor.name.clone(), reason: why, at: self.now() };
        self.send(actor, before, bake, Some(emergency)).await
    }

    async fn send(
        &self,
        actor: &Actor,
        before: Proposal,
        bake: Bake,
        emergency: Option<Emergency>,
    ) -> Result<Proposal, ConsoleError> {
        let faults = bake.faults();
        if !faults.is_empty() {
            return Err(ConsoleError::Faults(faults));
        }
        self.is_approved(&before).await?;
        let live = self.prod().live().await?;
        if let Some(live) = live.filter(|live| live.version != before.base) {
            // It may be this very proposal that somebody else has just promoted.
            self.seen(before.id, before.revision).await?;
            return Err(self.stale(before.base, &live, &before.document).await?);
        }
        if emergency.is_none() {
            self.nothing_is_watched(&before).await?;
        }
        self.production_is_able(&before, emergency.is_some()).await?;
        let previous = self.last_finished(before.base).await?;
        let action = match emergency {
            Some(_) => "proposal.promoted_past_staging",
            None => "proposal.promoted",
        };
        let turn = promotion(actor, before, previous, &bake, emergency, action, self.now());
        let promoted = self.turn(turn).await?;
        self.prod().announce().await;
        self.bells().rollouts.notify_one();
        Ok(promoted)
    }

    /// Whether no other proposal is being watched: a change on top of one that may yet be rolled back would end its
    /// watch. The way back to an earlier version stays open, and so does the way past staging.
    async fn nothing_is_watched(&self, before: &Proposal) -> Result<(), ConsoleError> {
        if before.kind != ProposalKind::Change {
            return Ok(());
        }
        let under_way = self.database().under_way().await?;
        let watched = |other: &&Proposal| {
            let rollout = other.rollout.as_ref().filter(|_| other.state == ProposalState::RollingOut);
            other.id != before.id && rollout.is_some_and(|rollout| rollout.bake_seconds.is_some())
        };
        match under_way.iter().find(watched) {
            Some(other) => Err(ConsoleError::State(format!(
                "proposal {} is still being watched: wait until it is done, or revert it first",
                other.id
            ))),
            None => Ok(()),
        }
    }

    /// The version to which a rollback of what comes after `base` returns: the last up to it that was not promoted, or
    /// whose rollout was done. Where there is none, `base` itself.
    async fn last_finished(&self, base: u64) -> Result<u64, ConsoleError> {
        let prod = self.prod();
        for version in (1..=base).rev() {
            let Some(stored) = prod.database.version(prod.name(), version).await? else { continue };
            let promoted = stored
                .provenance
                .as_ref()
                .filter(|provenance| matches!(provenance.origin, Origin::Promotion | Origin::Revert));
            let finished = match promoted.and_then(|provenance| provenance.proposal) {
                Some(proposal) => self.has_finished(proposal, version).await?,
                None => true,
            };
            if finished {
                return Ok(version);
            }
        }
        Ok(base)
    }

    /// Whether the rollout that made a version was done. One that cannot be read any more was not, as far as is known.
    async fn has_finished(&self, proposal: u64, version: u64) -> Result<bool, ConsoleError> {
        let proposal = match self.database().proposal(proposal).await {
            Err(StoreError::Corrupt { .. }) => None,
            found => found?,
        };
        let rollout = proposal.and_then(|proposal| proposal.rollout);
        Ok(rollout.is_some_and(|rollout| {
            rollout.version == version && matches!(rollout.outcome, Some(Outcome::Done { .. }))
        }))
    }

    /// Whether those have agreed who have to, and may still do so: whoever has been disabled since, or been given
    /// another role, agrees to nothing any more. The way past staging does not lead past them.
    async fn is_approved(&self, proposal: &Proposal) -> Result<(), ConsoleError> {
        if self.settings().approval == ApprovalRule::OnePerson {
            return Ok(());
        }
        let approval = proposal.approval.as_ref().filter(|approval| !proposal.is_by(&approval.by));
        let Some(by) = approval.map(|approval| approval.by.as_str()) else {
            let message = "somebody who neither proposed nor edited it has to approve it first";
            return Err(ConsoleError::State(message.to_owned()));
        };
        let person = Users::find(self.database(), by).await?;
        if person.is_some_and(|person| !person.disabled && person.role >= Role::Approver) {
            return Ok(());
        }
        Err(ConsoleError::State(format!(
            "{by} approved it, and may not approve any more: somebody else has to"
        )))
    }

    /// Whether production's replicas can take a proposal up: all of them have the very bundles that were tried. Past
    /// staging there are none that were tried, and a silent replica may be what the hurry is about: those that are
    /// heard of have all the models then, each the same.
    async fn production_is_able(&self, proposal: &Proposal, past_staging: bool) -> Result<(), ConsoleError> {
        let report = proposal.trial.as_ref().and_then(|trial| trial.report.as_ref());
        let tried = report.filter(|_| !past_staging).map(|report| &report.bundles);
        let hindrances = self.production_lacks(&proposal.document, tried).await?;
        if hindrances.is_empty() {
            return Ok(());
        }
        Err(ConsoleError::State(format!("production cannot take it up: {}", hindrances.join("; "))))
    }

    /// What keeps production's replicas from serving a document: each with the bundles that were tried, by uid, or,
    /// where none were, with the same as the others.
    pub(super) async fn production_lacks(
        &self,
        document: &bellwether_core::config::ConfigDocument,
        tried: Option<&BTreeMap<String, String>>,
    ) -> Result<Vec<String>, ConsoleError> {
        let census = self.census(self.prod()).await?;
        let mut replicas = census.against(None);
        let mut hindrances = Vec::new();
        if tried.is_some() {
            let silent = replicas.iter().filter(|replica| replica.state == ReplicaState::Silent);
            hindrances.extend(
                silent.map(|replica| format!("replica {} has not been heard of lately", replica.name)),
            );
        }
        replicas.retain(|replica| replica.state != ReplicaState::Silent);
        if replicas.is_empty() && hindrances.is_empty() {
            hindrances.push("no replica of production has been heard of lately".to_owned());
        }
        for model in document.models() {
            let wanted = match tried {
                Some(tried) => tried.get(model),
                None => replicas.iter().find_map(|replica| replica.bundles.get(model)),
            };
            for replica in &replicas {
                let name = &replica.name;
                match (replica.bundles.get(model), wanted) {
                    (Some(has), Some(wanted)) if has == wanted => {}
                    (None, _) => hindrances.push(format!("replica {name} has not loaded model {model}")),
                    (Some(_), _) => hindrances.push(format!(
                        "replica {name} has loaded another bundle as {model} than was {}",
                        if tried.is_some() { "tried in staging" } else { "loaded elsewhere" }
                    )),
                }
            }
        }
        Ok(hindrances)
    }
}

/// The change that a promotion is. A rollback of it would return to `previous`.
fn promotion(
    actor: &Actor,
    before: Proposal,
    previous: u64,
    bake: &Bake,
    emergency: Option<Emergency>,
    action: &'static str,
    now: chrono::DateTime<chrono::Utc>,
) -> Turn {
    let (origin, restores) = match before.kind {
        ProposalKind::Change => (Origin::Promotion, None),
        ProposalKind::Revert { version } => (Origin::Revert, Some(version)),
    };
    let report = before.trial.as_ref().and_then(|trial| trial.report.clone());
    let version = NewConfigVersion {
        environment: "prod".to_owned(),
        parent: Some(before.base),
        document: before.document.clone(),
        author: before.author.clone(),
        reason: before.reason.clone(),
        created_at: now,
        provenance: Some(Provenance {
            origin,
            proposal: Some(before.id),
            edited_by: before.all_editors().into_iter().collect(),
            approved_by: before.approval.as_ref().map(|approval| approval.by.clone()),
            emergency: emergency.as_ref().map(|emergency| emergency.reason.clone()),
            restores,
        }),
        // A version that went past staging carries no report that could be taken for its pass.
        stage_report: report.filter(|report| emergency.is_none() && report.passed),
    };
    let rollout = Rollout {
        // The next by its parent: the store appends it as this or not at all.
        version: before.base + 1,
        previous,
        by: actor.name.clone(),
        at: now,
        bake_seconds: bake.seconds,
        limits: bake.limits,
        synced_at: None,
        outcome: None,
        told_at: None,
    };
    let after = Proposal {
        state: ProposalState::RollingOut,
        updated_at: now,
        emergency,
        rollout: Some(rollout),
        ..before.clone()
    };
    let detail = json!({
        "version": before.base + 1,
        "previous": previous,
        "edited_by": before.all_editors(),
        "approved_by": before.approval.as_ref().map(|approval| &approval.by),
        "emergency": after.emergency.as_ref().map(|emergency| &emergency.reason),
        "bake_seconds": bake.seconds,
        "limits": bake.limits,
    });
    let detail = particulars(&after, detail);
    Turn { before, after, action, actor: actor.to_string(), detail, more: vec![Step::AppendVersion(version)] }
}
