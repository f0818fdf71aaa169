//! From a draft to a proposal, and what its author, its editors and those who agree do with it before it goes to
//! production.

use std::collections::BTreeSet;

use bellwether_core::change::{
    Approval, Closed, Proposal, ProposalKind, ProposalState, Reassignment, Trial, reassignment,
};
use bellwether_core::config::ConfigDocument;
use bellwether_core::customer::FieldError;
use bellwether_store::console::{NewAuditEntry, Step};
use bellwether_store::{Role, StoredVersion};
use serde_json::{Value, json};

use super::change::{Turn, Unwritten};
use super::{Actor, Console, Draft, Written, draft, in_words};
use crate::ConsoleError;

impl Console {
    /// Writes a proposal down. For editors.
    ///
    /// # Errors
    /// [`ConsoleError::Faults`] for what cannot be taken, [`ConsoleError::Reassigns`] where clients would be drawn anew
    /// and that was not confirmed, [`ConsoleError::Stale`] where production is not what the draft was made from.
    pub async fn propose(&self, actor: &Actor, draft: Draft) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Editor, "propose a change")?;
        let reassigns = self.check(&draft).await?;
        let detail = json!({ "moves": reassigns });
        self.add(actor, "proposal.proposed", blank(self, actor, draft)?, detail).await
    }

    /// Writes a draft over a proposal that is neither tried at the moment nor in production. Its trial and its approval
    /// are void then. For editors.
    ///
    /// # Errors
    /// As [`Console::propose`]; [`ConsoleError::Overtaken`] for a revision that is not the last.
    pub async fn edit(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
        draft: Draft,
    ) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Editor, "edit a proposal")?;
        let before = self.seen(id, revision).await?;
        if !before.state.is_editable() {
            return Err(ConsoleError::State(format!("it cannot be edited: {}", in_words(before.state))));
        }
        let reassigns = self.check(&draft).await?;
        let sha256 = hash(&draft.document)?;
        let kind = if sha256 == before.sha256 { before.kind } else { ProposalKind::Change };
        let mut editors = before.all_editors();
        editors.insert(actor.name.clone());
        let after = Proposal {
            state: ProposalState::Proposed,
            kind,
            document: draft.document,
            sha256,
            base: draft.base,
            edited_by: Some(actor.name.clone()),
            editors,
            reason: draft.reason,
            updated_at: self.now(),
            trial: None,
            approval: None,
            ..before.clone()
        };
        let detail = particulars(&after, json!({ "moves": reassigns }));
        self.turn(turn(before, after, "proposal.edited", actor, detail)).await
    }

    /// Has a proposal tried in staging: [`crate::trial::Runner`] carries it on. For editors.
    ///
    /// # Errors
    /// [`ConsoleError::State`], [`ConsoleError::Overtaken`].
    pub async fn try_in_staging(
        &self,
        actor: &Actor,
        id: u64,
        revision: u64,
    ) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Editor, "try a proposal in staging")?;
        let before = self.seen(id, revision).await?;
        if !before.state.is_editable() {
            return Err(ConsoleError::State(format!("it cannot be tried: {}", in_words(before.state))));
        }
        let now = self.now();
        let trial = Trial { by: actor.name.clone(), begun_at: now, stage_version: None, report: None };
        let after =
            Proposal { state: ProposalState::Trying, updated_at: now, trial: Some(trial), ..before.clone() };
        let detail = particulars(&after, json!({}));
        let tried = self.turn(turn(before, after, "proposal.tried", actor, detail)).await?;
        self.bells().trials.notify_one();
        Ok(tried)
    }

    /// Agrees to a proposal. For approvers who had no hand in its content.
    ///
    /// # Errors
    /// [`ConsoleError::Forbidden`] for one's own, [`ConsoleError::State`], [`ConsoleError::Overtaken`].
    pub async fn approve(&self, actor: &Actor, id: u64, revision: u64) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Approver, "approve a proposal")?;
        let before = self.seen(id, revision).await?;
        if before.is_by(&actor.name) {
            let message = "you proposed or edited this: somebody else has to approve it";
            return Err(ConsoleError::Forbidden(message.to_owned()));
        }
        if !before.state.is_editable() {
            return Err(ConsoleError::State(format!("it cannot be approved: {}", in_words(before.state))));
        }
        let now = self.now();
        let approval = Some(Approval { by: actor.name.clone(), at: now });
        let after = Proposal { approval, updated_at: now, ..before.clone() };
        let detail = particulars(&after, json!({}));
        self.turn(turn(before, after, "proposal.approved", actor, detail)).await
    }

    /// Gives a proposal up that is not in production. For its author or editor, and for approvers.
    ///
    /// # Errors
    /// [`ConsoleError::Forbidden`], [`ConsoleError::State`], [`ConsoleError::Overtaken`].
    pub async fn withdraw(&self, actor: &Actor, id: u64, revision: u64) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Editor, "withdraw a proposal")?;
        let before = self.seen(id, revision).await?;
        if !before.is_by(&actor.name) {
            actor.must_be(Role::Approver, "withdraw somebody else's proposal")?;
        }
        if !before.state.is_editable() && before.state != ProposalState::Trying {
            return Err(ConsoleError::State(format!("it cannot be withdrawn: {}", in_words(before.state))));
        }
        let now = self.now();
        let closed = Some(Closed { by: actor.name.clone(), at: now });
        let after = Proposal { state: ProposalState::Withdrawn, closed, updated_at: now, ..before.clone() };
        let detail = particulars(&after, json!({}));
        let withdrawn = self.turn(turn(before, after, "proposal.withdrawn", actor, detail)).await?;
        // A trial of it that goes on stops.
        self.bells().trials.notify_one();
        Ok(withdrawn)
    }

    /// Whom a document would move, against the production version `base`, or against the newest one before it that
    /// can be read: replicas keep that.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] where there is no such version.
    pub async fn reassignment(
        &self,
        document: &ConfigDocument,
        base: u64,
    ) -> Result<Reassignment, ConsoleError> {
        let seen = self.database().version(self.prod().name(), base).await?;
        let seen = seen.ok_or_else(|| ConsoleError::NotFound(format!("there is no version {base}")))?;
        self.moved(&seen, document).await
    }

    /// Adds a proposal; its line in the audit log gets its particulars and `more`.
    pub(super) async fn add(
        &self,
        actor: &Actor,
        action: &str,
        proposal: Proposal,
        more: Value,
    ) -> Result<Proposal, ConsoleError> {
        let line = NewAuditEntry {
            at: proposal.updated_at,
            actor: actor.to_string(),
            action: action.to_owned(),
            // The store names it by the number that it gives.
            subject: String::new(),
            detail: particulars(&proposal, more),
        };
        match self.write(line, vec![Step::AddProposal(proposal)], false).await {
            Ok(Written::Made(committed)) => committed.proposal.ok_or_else(|| {
                ConsoleError::Unsure("the proposal was written down, and is in the list".to_owned())
            }),
            Ok(Written::Seen(entry)) => {
                let id = entry.subject.strip_prefix("proposal ").and_then(|id| id.parse().ok());
                self.proposal(id.unwrap_or(0)).await
            }
            Err(Unwritten::Conflict(what)) => Err(ConsoleError::Overtaken(what)),
            Err(Unwritten::Unsure) => Err(ConsoleError::Unsure(
                "the database went away while the proposal was written down: whether it was is not known yet; the \
                 list of proposals says so as soon as the database answers"
                    .to_owned(),
            )),
            Err(Unwritten::Store(error)) => Err(error.into()),
        }
    }

    /// What can be known of a draft before it is tried.
    async fn check(&self, draft: &Draft) -> Result<Reassignment, ConsoleError> {
        let mut faults = draft.document.faults();
        faults.extend(draft::reason_fault("reason", &draft.reason));
        faults.extend(self.models_at_fault(&draft.document).await);
        let live = self.prod().live().await?;
        let Some(live) = live else {
            let message = "production has no config yet: run `bellwether migrate`";
            return Err(ConsoleError::State(message.to_owned()));
        };
        if live.version == draft.base && live.sha256 == hash(&draft.document)? && live.document.is_ok() {
            let message = "expected a change: this is what production has".to_owned();
            faults.push(FieldError { field: "document".to_owned(), message });
        }
        if !faults.is_empty() {
            return Err(ConsoleError::Faults(faults));
        }
        if live.version != draft.base {
            return Err(self.stale(draft.base, &live, &draft.document).await?);
        }
        self.must_be_confirmed(&live, &draft.document, draft.confirmed).await
    }

    /// Whom the step from what is live to a document moves.
    ///
    /// # Errors
    /// [`ConsoleError::Reassigns`] where it moves anybody and that was not confirmed.
    pub(super) async fn must_be_confirmed(
        &self,
        live: &StoredVersion,
        document: &ConfigDocument,
        confirmed: bool,
    ) -> Result<Reassignment, ConsoleError> {
        let reassigns = self.moved(live, document).await?;
        if reassigns.asks() && !confirmed { Err(ConsoleError::Reassigns(reassigns)) } else { Ok(reassigns) }
    }

    /// Whom the step from a version to a document moves. What is no document was never served: replicas keep the last
    /// one before it that is. Where there is none, nobody is known to be moved.
    async fn moved(&self, from: &StoredVersion, to: &ConfigDocument) -> Result<Reassignment, ConsoleError> {
        let mut served = from.document.clone().ok();
        let mut older = from.version;
        while served.is_none() && older > 1 {
            older -= 1;
            let version = self.database().version(self.prod().name(), older).await?;
            served = version.and_then(|version| version.document.ok());
        }
        Ok(served.map_or_else(
            || Reassignment { moved: 0.0, salt_changed: false, shrunk: Vec::new() },
            |served| reassignment(&served, to),
        ))
    }

    /// The models that cannot be chosen, each at its place in the document.
    async fn models_at_fault(&self, document: &ConfigDocument) -> Vec<FieldError> {
        let choices = self.models().await;
        let fault = |field: String, model: &str| {
            let choice = choices.iter().find(|choice| choice.uid == model);
            let reason = match choice {
                Some(choice) if choice.loadable => return None,
                Some(choice) => choice.reason.clone().unwrap_or_else(|| "not loaded".to_owned()),
                None => "there is no such bundle".to_owned(),
            };
            Some(FieldError { field, message: format!("`{model}` cannot be loaded in staging: {reason}") })
        };
        let arms = document.arms.iter().enumerate();
        let arms = arms.filter_map(|(at, arm)| fault(format!("arms[{at}].model"), &arm.model));
        let shadows = document.shadow.iter().enumerate();
        arms.chain(shadows.filter_map(|(at, model)| fault(format!("shadow[{at}]"), model))).collect()
    }
}

/// A proposal of a draft, as it is before anything happened to it.
fn blank(console: &Console, actor: &Actor, draft: Draft) -> Result<Proposal, ConsoleError> {
    let now = console.now();
    Ok(Proposal {
        id: 0,
        revision: 1,
        state: ProposalState::Proposed,
        kind: ProposalKind::Change,
        sha256: hash(&draft.document)?,
        document: draft.document,
        base: draft.base,
        author: actor.name.clone(),
        edited_by: None,
        editors: BTreeSet::new(),
        reason: draft.reason,
        created_at: now,
        updated_at: now,
        trial: None,
        approval: None,
        emergency: None,
        rollout: None,
        closed: None,
    })
}

pub(super) fn hash(document: &ConfigDocument) -> Result<String, ConsoleError> {
    document.sha256().map_err(|error| ConsoleError::fault("document", error.to_string()))
}

pub(super) fn turn(
    before: Proposal,
    after: Proposal,
    action: &'static str,
    actor: &Actor,
    detail: Value,
) -> Turn {
    Turn { before, after, action, actor: actor.to_string(), detail, more: Vec::new() }
}

/// What the audit log says of a proposal: enough to do the change again from it alone.
pub(crate) fn particulars(proposal: &Proposal, more: Value) -> Value {
    let mut detail = json!({
        "sha256": proposal.sha256,
        "base": proposal.base,
        "author": proposal.author,
        "reason": proposal.reason,
        "document": proposal.document,
    });
    if let (Some(detail), Value::Object(more)) = (detail.as_object_mut(), more) {
        detail.extend(more);
    }
    detail
}
