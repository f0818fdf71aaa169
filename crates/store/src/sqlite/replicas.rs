//! Replicas in SQLite.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::Sqlite;
use crate::{ReplicaReport, Replicas, StoreError};

#[derive(FromRow)]
struct Row {
    environment: String,
    replica: String,
    version: Option<u64>,
    sha256: Option<String>,
    bundles: String,
    refused: Option<String>,
    journal_oldest_at: Option<DateTime<Utc>>,
    started_at: DateTime<Utc>,
    at: DateTime<Utc>,
}

impl TryFrom<Row> for ReplicaReport {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |error: serde_json::Error| {
            StoreError::corrupt(format!("the row of replica {}", row.replica), error)
        };
        Ok(Self {
            bundles: serde_json::from_str(&row.bundles).map_err(corrupt)?,
            refused: row.refused.as_deref().map(serde_json::from_str).transpose().map_err(corrupt)?,
            environment: row.environment,
            replica: row.replica,
            version: row.version,
            sha256: row.sha256,
            journal_oldest_at: row.journal_oldest_at,
            started_at: row.started_at,
            at: row.at,
        })
    }
}

#[async_trait]
impl Replicas for Sqlite {
    async fn report(&self, report: &ReplicaReport) -> Result<(), StoreError> {
        let unwritable = |error| StoreError::Refused(Box::new(error));
        sqlx::query(
            "INSERT OR REPLACE INTO replicas
               (environment, replica, version, sha256, bundles, refused, journal_oldest_at, started_at, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&report.environment)
        .bind(&report.replica)
        .bind(report.version.map(u64::cast_signed))
        .bind(&report.sha256)
        .bind(serde_json::to_string(&report.bundles).map_err(unwritable)?)
        .bind(report.refused.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?)
        .bind(report.journal_oldest_at)
        .bind(report.started_at)
        .bind(report.at)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    async fn replicas(&self, environment: &str) -> Result<Vec<ReplicaReport>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT environment, replica, version, sha256, bundles, refused, journal_oldest_at, started_at, at
             FROM replicas WHERE environment = ? ORDER BY replica",
        )
        .bind(environment)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(ReplicaReport::try_from).collect()
    }

    async fn forget(&self, environment: &str, replica: &str) -> Result<bool, StoreError> {
        let forgotten = sqlx::query("DELETE FROM replicas WHERE environment = ? AND replica = ?")
            .bind(environment)
            .bind(replica);
        Ok(forgotten.execute(self.pool()).await?.rows_affected() > 0)
    }

    async fn forget_silent(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let forgotten = sqlx::query("DELETE FROM replicas WHERE at < ?").bind(before);
        Ok(forgotten.execute(self.pool()).await?.rows_affected())
    }
}
