//! How a change is written down: whole, with its line in the audit log, and once, even where the database goes away
//! amid it.
//!
//! A commit whose answer is lost may have been made, or may still be. Whether it was is read from the audit log, whose
//! line lies in the same transaction; and where it was not, it is made again, which is safe wherever a revision or a
//! live version is demanded: of the two attempts one at most fits.

use std::time::Duration;

use bellwether_core::change::{Proposal, three_way};
use bellwether_store::console::{AuditEntry, Committed, NewAuditEntry, Step};
use bellwether_store::{StoreError, StoredVersion};
use chrono::TimeDelta;
use serde_json::Value;
use tokio::time::Instant;

use super::{Console, overtaken};
use crate::ConsoleError;

/// How long a change is seen to before it is called unsure.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Lines are looked through until they are so much older than the one that is looked for: the clocks of two consoles
/// differ by less.
const OLDER: TimeDelta = TimeDelta::minutes(5);
const PAGE: u32 = 200;

/// What became of a change.
#[derive(Debug)]
pub(crate) enum Written {
    /// It was made.
    Made(Box<Committed>),
    /// It was made, as the audit log says; what it made has to be read.
    Seen(AuditEntry),
}

/// Why a change was not made.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// It does not fit what is stored.
    Conflict(String),
    /// It is not known whether it was made.
    Unsure,
    /// The store failed otherwise.
    Store(StoreError),
}

/// A change to one proposal: what it was, what it becomes, and what is done with it.
pub(crate) struct Turn {
    /// As it was seen.
    pub before: Proposal,
    /// As it shall be; its revision is the one seen.
    pub after: Proposal,
    /// What is done, as `proposal.promoted`.
    pub action: &'static str,
    /// By whom.
    pub actor: String,
    /// The particulars.
    pub detail: Value,
    /// What is done in the same transaction.
    pub more: Vec<Step>,
}

impl Console {
    /// Makes a change to a proposal.
    ///
    /// # Errors
    /// [`ConsoleError::Overtaken`] or [`ConsoleError::Stale`] where it does not fit any more; [`ConsoleError::Unsure`].
    pub(crate) async fn turn(&self, turn: Turn) -> Result<Proposal, ConsoleError> {
        let Turn { before, after, action, actor, detail, more } = turn;
        let at = after.updated_at;
        let subject = format!("proposal {}", before.id);
        let line = NewAuditEntry { at, actor, action: action.to_owned(), subject, detail };
        let mut steps = vec![Step::UpdateProposal(after)];
        steps.extend(more);
        match self.write(line, steps, true).await {
            Ok(Written::Made(committed)) => match committed.proposal {
                Some(proposal) => Ok(proposal),
                None => self.proposal(before.id).await,
            },
            Ok(Written::Seen(_)) => self.proposal(before.id).await,
            Err(Unwritten::Conflict(what)) => Err(self.misfit(&before, what).await?),
            Err(Unwritten::Unsure) => Err(ConsoleError::Unsure(format!(
                "the database went away while this was written down: whether it was done to proposal {} is not known \
                 yet; its page says so as soon as the database answers",
                before.id
            ))),
            Err(Unwritten::Store(error)) => Err(error.into()),
        }
    }

    /// Writes a change down. `again` says whether it may be tried again: whether of two attempts one at most fits.
    pub(crate) async fn write(
        &self,
        line: NewAuditEntry,
        steps: Vec<Step>,
        again: bool,
    ) -> Result<Written, Unwritten> {
        let deadline = Instant::now() + PATIENCE;
        let mut uncertain = false;
        loop {
            let attempt = if uncertain && !again {
                Err(StoreError::Unavailable("not tried again".into()))
            } else {
                self.database().commit(line.clone(), steps.clone()).await
            };
            match attempt {
                Ok(committed) => {
                    self.bells().audit.notify_one();
                    return Ok(Written::Made(Box::new(committed)));
                }
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, action = line.action, "whether a change was made is looked up");
                    uncertain = true;
                }
                Err(error) => {
                    if uncertain && let Some(entry) = self.find(&line).await.ok().flatten() {
                        return Ok(Written::Seen(entry));
                    }
                    return Err(match error {
                        StoreError::Conflict { what } => Unwritten::Conflict(what),
                        error => Unwritten::Store(error),
                    });
                }
            }
            if let Ok(Some(entry)) = self.find(&line).await {
                self.bells().audit.notify_one();
                return Ok(Written::Seen(entry));
            }
            if Instant::now() + PAUSE > deadline {
                return Err(Unwritten::Unsure);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The line in the audit log, where it was written.
    async fn find(&self, line: &NewAuditEntry) -> Result<Option<AuditEntry>, StoreError> {
        let is_it = |entry: &AuditEntry| {
            let subject = line.subject.is_empty() || entry.subject == line.subject;
            entry.at == line.at && entry.actor == line.actor && entry.action == line.action && subject
        };
        let mut before = None;
        loop {
            let lines = self.database().recent_lines(before, PAGE).await?;
            if let Some(entry) = lines.iter().find(|entry| is_it(entry)) {
                return Ok(Some(entry.clone()));
            }
            match lines.last() {
                Some(oldest) if oldest.at > line.at - OLDER => before = Some(oldest.seq),
                _ => return Ok(None),
            }
        }
    }

    /// Why a change to a proposal did not fit.
    async fn misfit(&self, before: &Proposal, what: String) -> Result<ConsoleError, ConsoleError> {
        let now = self.proposal(before.id).await?;
        if now.revision != before.revision {
            return Ok(overtaken(&now));
        }
        let live = self.prod().live().await?;
        match live {
            Some(live) if live.version != before.base => {
                Ok(self.stale(before.base, &live, &before.document).await?)
            }
            _ => Ok(ConsoleError::Overtaken(what)),
        }
    }

    /// Production is not what the proposer saw, told field by field.
    pub(crate) async fn stale(
        &self,
        base: u64,
        live: &StoredVersion,
        proposed: &bellwether_core::config::ConfigDocument,
    ) -> Result<ConsoleError, StoreError> {
        let seen = self.database().version(self.prod().name(), base).await?;
        let seen = seen.and_then(|seen| seen.document.ok());
        let fields = match &live.document {
            Ok(document) => three_way(seen.as_ref(), document, proposed),
            // What is live cannot be compared with: it is not a document.
            Err(_) => Vec::new(),
        };
        Ok(ConsoleError::Stale { base, live: live.version, fields })
    }
}
