//! A proposal: one document that somebody wants in production, with all that has happened to it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Rollout, Trial};
use crate::config::ConfigDocument;

/// How far a proposal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// Written down; not tried, or edited since.
    Proposed,
    /// Being tried in staging.
    Trying,
    /// Every check of its trial passed.
    Passed,
    /// Some check of its trial did not pass.
    Failed,
    /// Written to production; replicas take it up, or it bakes.
    RollingOut,
    /// In production: every replica had it, and it has baked.
    Done,
    /// Was in production, and was rolled back by itself.
    RolledBack,
    /// Another version went to production before this one was done.
    Overtaken,
    /// Given up.
    Withdrawn,
}

impl ProposalState {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Trying => "trying",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::RollingOut => "rolling_out",
            Self::Done => "done",
            Self::RolledBack => "rolled_back",
            Self::Overtaken => "overtaken",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether something goes on by itself that has to be carried on after a restart.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Trying | Self::RollingOut)
    }

    /// Whether nothing can happen to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::RolledBack | Self::Overtaken | Self::Withdrawn)
    }

    /// Whether its content may still be edited: it is neither being tried nor in production.
    pub fn is_editable(self) -> bool {
        matches!(self, Self::Proposed | Self::Passed | Self::Failed)
    }
}

/// Why there is a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ProposalKind {
    /// Somebody wants something new.
    Change,
    /// Somebody wants an earlier version's document back.
    Revert {
        /// Which version's.
        version: u64,
    },
}

/// One document that somebody wants in production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proposal {
    /// Counts up from 1; given by the store.
    pub id: u64,
    /// Counts up from 1 with everything that happens to it; given by the store. Of those who act on the same
    /// revision one wins.
    pub revision: u64,
    /// How far it has come.
    pub state: ProposalState,
    /// Why it is there.
    #[serde(flatten)]
    pub kind: ProposalKind,
    /// What is proposed; free of faults.
    pub document: ConfigDocument,
    /// SHA-256 of the document, in hex.
    pub sha256: String,
    /// The production version that the proposer saw: promotion demands that it is still live.
    pub base: u64,
    /// Who proposes.
    pub author: String,
    /// Who edited it last, where that was done by somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_by: Option<String>,
    /// Everybody who edited it since it was made: none of them can approve it. What one of them put in may still be
    /// in it after others edited it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub editors: BTreeSet<String>,
    /// Why.
    pub reason: String,
    /// When it was made, in UTC.
    pub created_at: DateTime<Utc>,
    /// When something last happened to it, in UTC.
    pub updated_at: DateTime<Utc>,
    /// Its last trial in staging; none before the first, and after an edit.
    pub trial: Option<Trial>,
    /// Who else agrees; void after an edit.
    pub approval: Option<Approval>,
    /// Set where an admin sent it to production past staging; stays for ever.
    pub emergency: Option<Emergency>,
    /// What became of it in production.
    pub rollout: Option<Rollout>,
    /// Who gave it up.
    pub closed: Option<Closed>,
}

impl Proposal {
    /// Whether this very document passed its trial.
    pub fn has_passed(&self) -> bool {
        let report = self.trial.as_ref().and_then(|trial| trial.report.as_ref());
        report.is_some_and(|report| report.passed && report.sha256 == self.sha256)
    }

    /// Whether somebody had a hand in its content: those cannot approve it.
    pub fn is_by(&self, name: &str) -> bool {
        // Proposals from before all editors were kept name the last alone.
        self.author == name || self.edited_by.as_deref() == Some(name) || self.editors.contains(name)
    }

    /// Everybody who edited it, by name: of proposals from before all were kept the last alone.
    pub fn all_editors(&self) -> BTreeSet<String> {
        self.editors.iter().chain(&self.edited_by).cloned().collect()
    }
}

/// A second person's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Approval {
    /// Who; never the author.
    pub by: String,
    /// When, in UTC.
    pub at: DateTime<Utc>,
}

/// The way past staging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Emergency {
    /// Which admin took it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, in UTC.
    pub at: DateTime<Utc>,
}

/// The end of a proposal that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Closed {
    /// Who gave it up.
    pub by: String,
    /// When, in UTC.
    pub at: DateTime<Utc>,
}
