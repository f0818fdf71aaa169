//! Config versions in MySQL.

use async_trait::async_trait;
use bellwether_core::change::TrialReport;
use bellwether_core::config::ConfigVersion;
use sqlx::{Executor, MySql};

use super::Mysql;
use super::errors::room;
use crate::sql::{ConfigVersionRow, Successor, overtaken, stage_report};
use crate::{ConfigStore, NewConfigVersion, StoreError, StoredVersion};

#[async_trait]
impl ConfigStore for Mysql {
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
        .bind(version)
        .fetch_optional(self)
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
        .fetch_all(self)
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
        .bind(before)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(StoredVersion::from).collect())
    }

    async fn stage_report(&self, environment: &str, version: u64) -> Result<Option<TrialReport>, StoreError> {
        let json: Option<Option<String>> = sqlx::query_scalar(
            "SELECT stage_report FROM config_version WHERE environment = ? AND version = ?",
        )
        .bind(environment)
        .bind(version)
        .fetch_optional(self)
        .await?;
        stage_report(environment, version, json.flatten().as_deref())
    }

    async fn append(&self, new: NewConfigVersion) -> Result<ConfigVersion, StoreError> {
        let new = Successor::of(new)?;
        if append(self, &new).await? { Ok(new.version) } else { Err(overtaken(&new.version)) }
    }
}

/// Appends a version where its parent is live; answers whether it is.
pub(super) async fn append(
    database: impl Executor<'_, Database = MySql>,
    new: &Successor,
) -> Result<bool, sqlx::Error> {
    let version = &new.version;
    // Of those that see the same live version, the primary key lets one pass.
    let written = sqlx::query(
        "INSERT INTO config_version
           (environment, version, parent, document, sha256, author, reason, created_at, provenance,
            stage_report)
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
         FROM (SELECT max(version) AS version FROM config_version WHERE environment = ?) AS live
         WHERE live.version <=> ?",
    )
    .bind(&version.environment)
    .bind(version.version)
    .bind(version.parent)
    .bind(&new.document)
    .bind(&version.sha256)
    .bind(&version.author)
    .bind(&version.reason)
    .bind(version.created_at)
    .bind(&new.provenance)
    .bind(&new.stage_report)
    .bind(&version.environment)
    .bind(version.parent)
    .execute(database)
    .await;
    room(written)
}
