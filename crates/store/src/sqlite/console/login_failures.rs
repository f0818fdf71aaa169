//! Failed logins in SQLite.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;
use crate::console::{LoginFailures, LoginGuard};
use crate::sql::LoginFailuresRow;
use crate::sqlite::Sqlite;

#[async_trait]
impl LoginGuard for Sqlite {
    async fn login_failures(&self, key: &str) -> Result<Option<LoginFailures>, StoreError> {
        let row: Option<LoginFailuresRow> =
            sqlx::query_as("SELECT failures, last_at FROM login_failures WHERE key = ?")
                .bind(key)
                .fetch_optional(self.readers())
                .await?;
        Ok(row.map(LoginFailures::from))
    }

    async fn count_login_failure(&self, key: &str, at: DateTime<Utc>) -> Result<LoginFailures, StoreError> {
        let row: LoginFailuresRow = sqlx::query_as(
            "INSERT INTO login_failures (key, failures, last_at) VALUES (?, 1, ?)
             ON CONFLICT (key) DO UPDATE
             SET failures = failures + 1, last_at = max(last_at, excluded.last_at)
             RETURNING failures, last_at",
        )
        .bind(key)
        .bind(at)
        .fetch_one(self.pool())
        .await?;
        Ok(row.into())
    }

    async fn clear_login_failures(&self, key: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM login_failures WHERE key = ?").bind(key).execute(self.pool()).await?;
        Ok(())
    }

    async fn drop_login_failures(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let dropped = sqlx::query("DELETE FROM login_failures WHERE last_at < ?").bind(before);
        Ok(dropped.execute(self.pool()).await?.rows_affected())
    }
}
