//! The audit log in MySQL, read.

use async_trait::async_trait;

use crate::StoreError;
use crate::console::{AuditEntry, AuditHead, AuditLog};
use crate::mysql::Mysql;
use crate::sql::{AuditHeadRow, AuditRow};

#[async_trait]
impl AuditLog for Mysql {
    async fn lines(&self, after: u64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<AuditRow> = sqlx::query_as(
            "SELECT seq, at, actor, action, subject, detail, previous, hash
             FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }

    async fn recent_lines(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<AuditRow> = sqlx::query_as(
            "SELECT seq, at, actor, action, subject, detail, previous, hash
             FROM audit_log WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        )
        .bind(before.unwrap_or(u64::MAX))
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }

    async fn audit_head(&self) -> Result<Option<AuditHead>, StoreError> {
        let row = sqlx::query_as("SELECT seq, hash FROM audit_head").fetch_optional(self).await?;
        AuditHeadRow::head(row)
    }

    async fn archived_up_to(&self) -> Result<u64, StoreError> {
        let seq = sqlx::query_scalar("SELECT archived_seq FROM audit_head").fetch_optional(self).await?;
        seq.ok_or_else(AuditHeadRow::gone)
    }

    async fn note_archived(&self, seq: u64) -> Result<(), StoreError> {
        sqlx::query("UPDATE audit_head SET archived_seq = greatest(archived_seq, ?)")
            .bind(seq)
            .execute(self)
            .await?;
        Ok(())
    }
}
