//! Config versions in SQLite.

use async_trait::async_trait;
use bellwether_core::config::ConfigVersion;

use super::Sqlite;
use crate::sql::{ConfigVersionRow, overtaken, successor};
use crate::{ConfigStore, NewConfigVersion, StoreError, StoredVersion};

#[async_trait]
impl ConfigStore for Sqlite {
    async fn live(&self, environment: &str) -> Result<Option<StoredVersion>, StoreError> {
        Ok(self.history(environment, 1).await?.pop())
    }

    async fn version(&self, environment: &str, version: u64) -> Result<Option<StoredVersion>, StoreError> {
        let row: Option<ConfigVersionRow> = sqlx::query_as(
            "SELECT environment, version, parent, document, sha256, author, reason, created_at
             FROM config_version WHERE environment = ? AND version = ?",
        )
        .bind(environment)
        .bind(stored(version)?)
        .fetch_optional(self.readers())
        .await?;
        Ok(row.map(StoredVersion::from))
    }

    async fn history(&self, environment: &str, limit: u32) -> Result<Vec<StoredVersion>, StoreError> {
        let rows: Vec<ConfigVersionRow> = sqlx::query_as(
            "SELECT environment, version, parent, document, sha256, author, reason, created_at
             FROM config_version WHERE environment = ? ORDER BY version DESC LIMIT ?",
        )
        .bind(environment)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(StoredVersion::from).collect())
    }

    async fn append(&self, new: NewConfigVersion) -> Result<ConfigVersion, StoreError> {
        let (version, document) = successor(new)?;
        // Check and insert are one statement, and so one transaction.
        let written = sqlx::query(
            "INSERT INTO config_version
               (environment, version, parent, document, sha256, author, reason, created_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
             WHERE (SELECT max(version) FROM config_version WHERE environment = ?1) IS ?3",
        )
        .bind(&version.environment)
        .bind(stored(version.version)?)
        .bind(version.parent.map(stored).transpose()?)
        .bind(&document)
        .bind(&version.sha256)
        .bind(&version.author)
        .bind(&version.reason)
        .bind(version.created_at)
        .execute(self.pool())
        .await?
        .rows_affected();
        if written == 0 {
            return Err(overtaken(&version));
        }
        Ok(version)
    }
}

/// SQLite's integers are signed.
fn stored(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|error| StoreError::Refused(Box::new(error)))
}
