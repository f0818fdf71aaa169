//! Rows of `audit_log` and the one of `audit_head`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::StoreError;
use crate::console::{AuditEntry, AuditHead};

#[derive(FromRow)]
pub(crate) struct AuditRow {
    seq: u64,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    subject: String,
    detail: String,
    previous: String,
    hash: String,
}

/// Nothing is checked here: that is done by who follows the chain.
impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            at: row.at,
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: row.detail,
            previous: row.previous,
            hash: row.hash,
        }
    }
}

#[derive(FromRow)]
pub(crate) struct AuditHeadRow {
    seq: u64,
    hash: String,
}

impl AuditHeadRow {
    /// The end of the chain that this row tells of; none before the first line. The row itself is always there.
    pub(crate) fn head(row: Option<Self>) -> Result<Option<AuditHead>, StoreError> {
        let row = row.ok_or_else(Self::gone)?;
        Ok((row.seq > 0).then_some(AuditHead { seq: row.seq, hash: row.hash }))
    }

    /// What it means that the row is not there.
    pub(crate) fn gone() -> StoreError {
        StoreError::corrupt("audit_head", "its row is gone")
    }
}
