//! Config versions in SQLite.

use async_trait::async_trait;
use bellwether_core::change::TrialReport;
use bellwether_core::config::ConfigVersion;
use sqlx::SqliteExecutor;

use super::Sqlite;
use super::console::clamped;
use crate::sql::{ConfigVersionRow, Failure, Successor, overtaken, stage_report};
use crate::{ConfigStore, NewConfigVersion, StoreError, StoredVersion};

#[async_trait]
impl ConfigStore for Sqlite {
    async fn live(&self, environment: &str) -> Result<Option<StoredVersion>, StoreError> {
        Ok(self.history(environment, 1).await?.pop())
    }

    async fn version(&self, environment: &str, version: u64) -> Result<Option<StoredVersion>, StoreError> {
        let row: Option<ConfigVersionRow> = sqlx::query_as(
            "SELECT environment, version, parent, document, sha256, author, reason, created_at,
                    provenance
             FROM config_version WHERE environment = ? AND version = ?",
        )
        .bind(environment)
        .bind(clamped(version))
        .fetch_optional(self.readers())
        .await?;
        Ok(row.map(StoredVersion::from))
    }

    async fn history(&self, environment: &str, limit: u32) -> Result<Vec<StoredVersion>, StoreError> {
        let rows: Vec<ConfigVersionRow> = sqlx::query_as(
            "SELECT environment, version, parent, document, sha256, author, reason, created_at,
                    provenance
             FROM config_version WHERE environment = ? ORDER BY version DESC LIMIT ?",
        )
        .bind(environment)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(StoredVersion::from).collect())
    }

    async fn history_before(
        &self,
        environment: &str,
        before: u64,
        limit: u32,
    ) -> Result<Vec<StoredVersion>, StoreError> {
        let rows: Vec<ConfigVersionRow> = sqlx::query_as(
            "SELECT environment, version, parent, document, sha256, author, reason, created_at,
                    provenance
             FROM config_version WHERE environment = ? AND version < ? ORDER BY version DESC LIMIT ?",
        )
        .bind(environment)
        .bind(clamped(before))
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(StoredVersion::from).collect())
    }

    async fn stage_report(&self, environment: &str, version: u64) -> Result<Option<TrialReport>, StoreError> {
        let json: Option<Option<String>> = sqlx::query_scalar(
            "SELECT stage_report FROM config_version WHERE environment = ? AND version = ?",
        )
        .bind(environment)
        .bind(clamped(version))
        .fetch_optional(self.readers())
        .await?;
        stage_report(environment, version, json.flatten().as_deref())
    }

    async fn append(&self, new: NewConfigVersion) -> Result<ConfigVersion, StoreError> {
        let new = Successor::of(new)?;
        if append(self.pool(), &new).await? { Ok(new.version) } else { Err(overtaken(&new.version)) }
    }
}

/// Appends a version where its parent is live; answers whether it is.
pub(super) async fn append(database: impl SqliteExecutor<'_>, new: &Successor) -> Result<bool, Failure> {
    let version = &new.version;
    // Check and insert are one statement, and so one transaction.
    let written = sqlx::query(
        "INSERT INTO config_version
           (environment, version, parent, document, sha256, author, reason, created_at, provenance,
            stage_report)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
         WHERE (SELECT max(version) FROM config_version WHERE environment = ?1) IS ?3",
    )
    .bind(&version.environment)
    .bind(stored(version.version)?)
    .bind(version.parent.map(stored).transpose()?)
    .bind(&new.document)
    .bind(&version.sha256)
    .bind(&version.author)
    .bind(&version.reason)
    .bind(version.created_at)
    .bind(&new.provenance)
    .bind(&new.stage_report)
    .execute(database)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// SQLite's integers are signed.
pub(super) fn stored(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|error| StoreError::Refused(Box::new(error)))
}
