//! The way back: an earlier version's document, proposed once more.

use std::collections::BTreeSet;

use bellwether_core::change::{Proposal, ProposalKind, ProposalState, Trial};
use bellwether_core::config::ConfigDocument;
use bellwether_store::Role;
use serde_json::json;

use super::{Actor, Console, draft};
use crate::ConsoleError;

impl Console {
    /// Proposes the document of an earlier version of production. Where that very document has passed its trial
    /// before, and production's replicas still have the bundles that it passed with, it has passed now; else it has to
    /// be tried. `confirmed` says whether it is meant that clients of a running experiment are drawn anew. For approvers.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`], [`ConsoleError::State`] for a version that is live or no document,
    /// [`ConsoleError::Faults`] for the reason, [`ConsoleError::Reassigns`] where clients would be drawn anew and that
    /// was not confirmed.
    pub async fn revert(
        &self,
        actor: &Actor,
        version: u64,
        reason: String,
        confirmed: bool,
    ) -> Result<Proposal, ConsoleError> {
        actor.must_be(Role::Approver, "revert")?;
        if let Some(fault) = draft::reason_fault("reason", &reason) {
            return Err(ConsoleError::Faults(vec![fault]));
        }
        let name = self.prod().name();
        let wanted = self.database().version(name, version).await?;
        let wanted =
            wanted.ok_or_else(|| ConsoleError::NotFound(format!("there is no version {version}")))?;
        let document = wanted.document.map_err(|unreadable| {
            let reasons = unreadable.reasons.join("; ");
            ConsoleError::State(format!("version {version} is no config that could be live: {reasons}"))
        })?;
        let live = self.prod().live().await?;
        let live = live.ok_or_else(|| ConsoleError::State("production has no config yet".to_owned()))?;
        if live.sha256 == wanted.sha256 && live.document.is_ok() {
            return Err(ConsoleError::State(format!("production has the document of version {version} now")));
        }
        let reassigns = self.must_be_confirmed(&live, &document, confirmed).await?;
        let trial = self.passed_before(&document, &wanted.sha256).await?;
        let now = self.now();
        let proposal = Proposal {
            id: 0,
            revision: 1,
            state: if trial.is_some() { ProposalState::Passed } else { ProposalState::Proposed },
            kind: ProposalKind::Revert { version },
            document,
            sha256: wanted.sha256,
            base: live.version,
            author: actor.name.clone(),
            edited_by: None,
            editors: BTreeSet::new(),
            reason,
            created_at: now,
            updated_at: now,
            trial,
            approval: None,
            emergency: None,
            rollout: None,
            closed: None,
        };
        self.add(actor, "proposal.reverted", proposal, json!({ "restores": version, "moves": reassigns }))
            .await
    }

    /// The trial that this very document passed, where production still has what it passed with.
    async fn passed_before(
        &self,
        document: &ConfigDocument,
        sha256: &str,
    ) -> Result<Option<Trial>, ConsoleError> {
        let Some(earlier) = self.database().passed(sha256).await?.filter(Proposal::has_passed) else {
            return Ok(None);
        };
        let Some(trial) = earlier.trial else { return Ok(None) };
        let bundles = trial.report.as_ref().map(|report| &report.bundles);
        let lacks = self.production_lacks(document, bundles).await?;
        Ok(lacks.is_empty().then_some(trial))
    }
}
