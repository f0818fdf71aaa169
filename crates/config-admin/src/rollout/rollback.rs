//! The way back that a rollout takes by itself: a new version with the document from before, in one transaction with
//! the end of the rollout.

use bellwether_core::change::{Outcome, Proposal, ProposalState, Rollout};
use bellwether_core::config::{Origin, Provenance};
use bellwether_store::NewConfigVersion;
use bellwether_store::console::Step;
use serde_json::json;

use super::Watcher;
use crate::ConsoleError;
use crate::console::{SYSTEM, Turn, particulars};

impl Watcher {
    /// Rolls back, and has those concerned told. Where what was live before is no config that could be live, nothing
    /// is changed, and they are told of that. `newest` is the newest row: a later one than the rollout's version that
    /// is no config does not stand in the way.
    pub(super) async fn roll_back(
        &self,
        before: Proposal,
        rollout: Rollout,
        newest: u64,
        reasons: Vec<String>,
    ) -> Result<(), ConsoleError> {
        let prod = self.console.prod();
        let previous = prod.database.version(prod.name(), rollout.previous).await?;
        let document = match previous.map(|previous| previous.document) {
            Some(Ok(document)) => document,
            Some(Err(unreadable)) => {
                self.notices.stuck(&before, &reasons, &unreadable.reasons.join("; "));
                return Ok(());
            }
            None => {
                self.notices.stuck(&before, &reasons, "it is not there any more");
                return Ok(());
            }
        };
        let now = self.console.now();
        let version = newest + 1;
        tracing::warn!(
            proposal = before.id,
            version,
            ?reasons,
            "a rollout exceeds its limits: it is rolled back"
        );
        let step = Step::AppendVersion(NewConfigVersion {
            environment: prod.name().to_owned(),
            parent: Some(newest),
            document: document.clone(),
            author: SYSTEM.to_owned(),
            reason: format!("version {} exceeded its limits: {}", rollout.version, reasons.join("; ")),
            created_at: now,
            provenance: Some(Provenance {
                proposal: Some(before.id),
                restores: Some(rollout.previous),
                ..Provenance::of(Origin::Rollback)
            }),
            stage_report: prod.database.stage_report(prod.name(), rollout.previous).await.ok().flatten(),
        });
        let outcome = Outcome::RolledBack { at: now, version, reasons: reasons.clone() };
        let detail = json!({
            "rolled_back_version": rollout.version,
            "version": version,
            "restores": rollout.previous,
            "reasons": reasons,
            "restored_document": document,
        });
        let after = Proposal {
            state: ProposalState::RolledBack,
            rollout: Some(Rollout { outcome: Some(outcome), ..rollout }),
            updated_at: now,
            ..before.clone()
        };
        let detail = particulars(&after, detail);
        let actor = SYSTEM.to_owned();
        let turn = Turn { before, after, action: "proposal.rolled_back", actor, detail, more: vec![step] };
        let rolled_back = self.console.turn(turn).await?;
        prod.announce().await;
        self.notices.rolled_back(&rolled_back);
        Ok(())
    }
}
