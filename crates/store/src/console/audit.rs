//! The audit log: who did what and when, each line chained to the one before by its hash, so that a line changed or
//! taken away is seen.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::StoreError;

/// How many lines are verified at a time.
const PAGE: u32 = 500;

/// A line to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAuditEntry {
    /// When, in UTC; kept to the microsecond.
    pub at: DateTime<Utc>,
    /// Who: a person's name, `token NAME of PERSON`, `bellwether` for the system itself.
    pub actor: String,
    /// What was done, as `proposal.promoted`.
    pub action: String,
    /// To what, as `proposal 12`.
    pub subject: String,
    /// The particulars. No passwords, hashes or tokens.
    pub detail: Value,
}

/// A line as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counts up from 1 without gaps.
    pub seq: u64,
    /// When, in UTC, to the microsecond.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The particulars, as the JSON text that was hashed.
    pub detail: String,
    /// The hash of the line before, in hex; 64 zeros for the first.
    pub previous: String,
    /// SHA-256 over the line, in hex.
    pub hash: String,
}

impl AuditEntry {
    /// The line that follows `head`.
    pub fn after(head: Option<&AuditHead>, new: NewAuditEntry) -> Self {
        let mut entry = Self {
            seq: head.map_or(1, |head| head.seq + 1),
            at: new.at.trunc_subsecs(6),
            actor: new.actor,
            action: new.action,
            subject: new.subject,
            detail: new.detail.to_string(),
            previous: head.map_or_else(|| "0".repeat(64), |head| head.hash.clone()),
            hash: String::new(),
        };
        entry.hash = entry.digest();
        entry
    }

    /// SHA-256, in hex, over `seq`, `at` (RFC 3339, microseconds, `Z`), `actor`, `action`, `subject`, `detail` and
    /// `previous`, each preceded by its length in bytes and a colon.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let seq = self.seq.to_string();
        for part in [&seq, &at, &self.actor, &self.action, &self.subject, &self.detail, &self.previous] {
            hash.update(format!("{}:", part.len()));
            hash.update(part.as_bytes());
        }
        format!("{:x}", hash.finalize())
    }
}

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The last line's number.
    pub seq: u64,
    /// The last line's hash, in hex.
    pub hash: String,
}

/// The tables `audit_log` and `audit_head`. Lines are written by [`super::Ledger::commit`] alone.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Up to `limit` lines after the line `after`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn lines(&self, after: u64, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Up to `limit` lines before the line `before` (all, where none is given), newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn recent_lines(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// The end of the chain, kept apart from the lines; none while there is no line.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn audit_head(&self) -> Result<Option<AuditHead>, StoreError>;

    /// Up to which line the archive has them; 0 at first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn archived_up_to(&self) -> Result<u64, StoreError>;

    /// Notes that the archive has every line up to this one. Never goes back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn note_archived(&self, seq: u64) -> Result<(), StoreError>;
}

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many lines it has.
    pub lines: u64,
    /// Its end.
    pub head: Option<AuditHead>,
}

/// A chain that does not hold, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A line is missing, or out of its place.
    #[error("line {expected} is missing: line {found} follows line {}", expected - 1)]
    Gap {
        /// Which should follow.
        expected: u64,
        /// Which does.
        found: u64,
    },
    /// A line is not what was written, or follows another line than it says.
    #[error("line {seq} was changed after it was written")]
    Changed {
        /// Which.
        seq: u64,
    },
    /// Lines were cut off at the end.
    #[error("the log ends at line {found}, but line {expected} was written")]
    Cut {
        /// Where it should end.
        expected: u64,
        /// Where it ends.
        found: u64,
    },
    /// There are lines beyond the end that is kept apart.
    #[error("the log goes on to line {found}, but its end is noted as line {head}: it was set back")]
    HeadSetBack {
        /// What is noted.
        head: u64,
        /// Where the lines end.
        found: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Follows the chain from its first line to its end.
///
/// # Errors
/// [`AuditError`], naming the first line at fault.
pub async fn verify_audit(log: &(impl AuditLog + ?Sized)) -> Result<Verified, AuditError> {
    // The head first: lines that are written meanwhile are then no fault.
    let head = log.audit_head().await?;
    let mut last: Option<AuditHead> = None;
    loop {
        let after = last.as_ref().map_or(0, |last| last.seq);
        let lines = log.lines(after, PAGE).await?;
        if lines.is_empty() {
            break;
        }
        for line in lines {
            let expected = last.as_ref().map_or(1, |last| last.seq + 1);
            if line.seq != expected {
                return Err(AuditError::Gap { expected, found: line.seq });
            }
            let zeros = "0".repeat(64);
            let previous = last.as_ref().map_or(zeros.as_str(), |last| last.hash.as_str());
            if line.previous != previous || line.hash != line.digest() {
                return Err(AuditError::Changed { seq: line.seq });
            }
            if head.as_ref().is_some_and(|head| head.seq == line.seq && head.hash != line.hash) {
                return Err(AuditError::Changed { seq: line.seq });
            }
            last = Some(AuditHead { seq: line.seq, hash: line.hash });
        }
    }
    let (expected, found) =
        (head.as_ref().map_or(0, |head| head.seq), last.as_ref().map_or(0, |last| last.seq));
    if found < expected {
        return Err(AuditError::Cut { expected, found });
    }
    // Lines beyond the head were written meanwhile, so that the head has moved on; or somebody set it back.
    let now = log.audit_head().await?.map_or(0, |head| head.seq);
    if now < found {
        return Err(AuditError::HeadSetBack { head: now, found });
    }
    Ok(Verified { lines: found, head: last })
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
