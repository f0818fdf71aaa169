//! Config versions in SQLite.

use async_trait::async_trait;
use bellwether_core::config::{ConfigDocument, ConfigVersion};
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::Sqlite;
use crate::{ConfigStore, NewConfigVersion, StoreError};

#[derive(FromRow)]
struct Row {
    environment: String,
    version: u64,
    parent: Option<u64>,
    document: String,
    sha256: String,
    author: String,
    reason: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for ConfigVersion {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let what = || format!("config version {} of {}", row.version, row.environment);
        let document: ConfigDocument =
            serde_json::from_str(&row.document).map_err(|error| StoreError::corrupt(what(), error))?;
        let sha256 = document.sha256().map_err(|error| StoreError::corrupt(what(), error))?;
        if sha256 != row.sha256 {
            return Err(StoreError::corrupt(what(), "its content does not match its sha256"));
        }
        Ok(Self {
            environment: row.environment,
            version: row.version,
            parent: row.parent,
            document,
            sha256,
            author: row.author,
            reason: row.reason,
            created_at: row.created_at,
        })
    }
}

#[async_trait]
impl ConfigStore for Sqlite {
    async fn live(&self, environment: &str) -> Result<Option<ConfigVersion>, StoreError> {
        Ok(self.history(environment, 1).await?.pop())
    }

    async fn version(&self, environment: &str, version: u64) -> Result<Option<ConfigVersion>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT environment, version, parent, document, sha256, author, reason, created_at
             FROM config_version WHERE environment = ? AND version = ?",
        )
        .bind(environment)
        .bind(stored(version)?)
        .fetch_optional(self.readers())
        .await?;
        row.map(ConfigVersion::try_from).transpose()
    }

    async fn history(&self, environment: &str, limit: u32) -> Result<Vec<ConfigVersion>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT environment, version, parent, document, sha256, author, reason, created_at
             FROM config_version WHERE environment = ? ORDER BY version DESC LIMIT ?",
        )
        .bind(environment)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(ConfigVersion::try_from).collect()
    }

    async fn append(&self, new: NewConfigVersion) -> Result<ConfigVersion, StoreError> {
        let version = new.parent.unwrap_or(0).saturating_add(1);
        let unwritable = |error| StoreError::Refused(Box::new(error));
        let document = serde_json::to_string(&new.document).map_err(unwritable)?;
        let sha256 = new.document.sha256().map_err(unwritable)?;
        // Check and insert are one statement, and so one transaction.
        let written = sqlx::query(
            "INSERT INTO config_version
               (environment, version, parent, document, sha256, author, reason, created_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
             WHERE (SELECT max(version) FROM config_version WHERE environment = ?1) IS ?3",
        )
        .bind(&new.environment)
        .bind(stored(version)?)
        .bind(new.parent.map(stored).transpose()?)
        .bind(&document)
        .bind(&sha256)
        .bind(&new.author)
        .bind(&new.reason)
        .bind(new.created_at)
        .execute(self.pool())
        .await?
        .rows_affected();
        if written == 0 {
            let what = format!("{} is no longer at version {:?}", new.environment, new.parent);
            return Err(StoreError::Conflict { what });
        }
        Ok(ConfigVersion {
            environment: new.environment,
            version,
            parent: new.parent,
            document: new.document,
            sha256,
            author: new.author,
            reason: new.reason,
            created_at: new.created_at,
        })
    }
}

/// SQLite's integers are signed.
fn stored(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|error| StoreError::Refused(Box::new(error)))
}
