//! Replicas in MySQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Mysql;
use crate::sql::{ReplicaRow, ReplicaTexts};
use crate::{ReplicaReport, Replicas, StoreError};

#[async_trait]
impl Replicas for Mysql {
    async fn report(&self, report: &ReplicaReport) -> Result<(), StoreError> {
        let texts = ReplicaTexts::of(report)?;
        sqlx::query(
            "INSERT INTO replicas
               (environment, replica, version, sha256, bundles, refused, journal_oldest_at, traffic,
                started_at, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON DUPLICATE KEY UPDATE
               version = VALUES(version), sha256 = VALUES(sha256), bundles = VALUES(bundles),
               refused = VALUES(refused), journal_oldest_at = VALUES(journal_oldest_at),
               traffic = VALUES(traffic), started_at = VALUES(started_at), at = VALUES(at)",
        )
        .bind(&report.environment)
        .bind(&report.replica)
        .bind(report.version)
        .bind(&report.sha256)
        .bind(texts.bundles)
        .bind(texts.refused)
        .bind(report.journal_oldest_at)
        .bind(texts.traffic)
        .bind(report.started_at)
        .bind(report.at)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn replicas(&self, environment: &str) -> Result<Vec<ReplicaReport>, StoreError> {
        let read = self.replicas_with_unreadable(environment).await?;
        read.into_iter().map(|(report, unreadable)| unreadable.map_or(Ok(report), Err)).collect()
    }

    async fn replicas_with_unreadable(
        &self,
        environment: &str,
    ) -> Result<Vec<(ReplicaReport, Option<StoreError>)>, StoreError> {
        let rows: Vec<ReplicaRow> = sqlx::query_as(
            "SELECT environment, replica, version, sha256, bundles, refused, journal_oldest_at, traffic,
                started_at, at
             FROM replicas WHERE environment = ? ORDER BY replica",
        )
        .bind(environment)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(ReplicaRow::read).collect())
    }

    async fn forget(&self, environment: &str, replica: &str) -> Result<bool, StoreError> {
        let forgotten = sqlx::query("DELETE FROM replicas WHERE environment = ? AND replica = ?")
            .bind(environment)
            .bind(replica);
        Ok(forgotten.execute(self).await?.rows_affected() > 0)
    }

    async fn forget_silent(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let forgotten = sqlx::query("DELETE FROM replicas WHERE at < ?").bind(before);
        Ok(forgotten.execute(self).await?.rows_affected())
    }
}
