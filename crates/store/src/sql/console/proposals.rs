//! Rows of `proposals`: the content is everything, other columns are for queries.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use bellwether_core::change::{Proposal, ProposalState};
use sqlx::FromRow;

use crate::StoreError;

#[derive(FromRow)]
pub(crate) struct ProposalRow {
    id: u64,
    revision: u64,
    content: String,
}

impl TryFrom<ProposalRow> for Proposal {
    type Error = StoreError;

    fn try_from(row: ProposalRow) -> Result<Self, StoreError> {
        let what = || format!("proposal {}", row.id);
        let proposal: Self =
            serde_json::from_str(&row.content).map_err(|error| StoreError::corrupt(what(), error))?;
        if (proposal.id, proposal.revision) != (row.id, row.revision) {
            return Err(StoreError::corrupt(what(), "its content is another's, or of another revision"));
        }
        Ok(proposal)
    }
}

/// Those that can be read. Of each other the log tells once, and the metric always.
pub(crate) fn readable(rows: Vec<ProposalRow>) -> Vec<Proposal> {
    static TOLD: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
    let mut readable = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id;
        match Proposal::try_from(row) {
            Ok(proposal) => readable.push(proposal),
            Err(error) => {
                metrics::counter!("bellwether_unreadable_rows_total", "table" => "proposals").increment(1);
                if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
                    tracing::error!(%error, proposal = id, "a proposal under way is left alone");
                }
            }
        }
    }
    readable
}

/// A proposal as its row holds it.
pub(crate) struct StoredProposal {
    pub(crate) proposal: Proposal,
    pub(crate) passed: bool,
    pub(crate) content: String,
}

impl StoredProposal {
    pub(crate) fn of(proposal: Proposal) -> Result<Self, StoreError> {
        let content =
            serde_json::to_string(&proposal).map_err(|error| StoreError::Refused(Box::new(error)))?;
        Ok(Self { passed: proposal.has_passed(), content, proposal })
    }
}

/// The states, by name, of proposals of which something goes on by itself.
pub(crate) fn under_way_states() -> [&'static str; 2] {
    [ProposalState::Trying, ProposalState::RollingOut].map(ProposalState::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_under_way_is_asked_for() {
        let all = [
            ProposalState::Proposed,
            ProposalState::Trying,
            ProposalState::Passed,
            ProposalState::Failed,
            ProposalState::RollingOut,
            ProposalState::Done,
            ProposalState::RolledBack,
            ProposalState::Overtaken,
            ProposalState::Withdrawn,
        ];
        let under_way = all.into_iter().filter(|state| state.is_under_way()).map(ProposalState::as_str);
        assert_eq!(under_way.collect::<Vec<_>>(), under_way_states());
    }
}
