//! Failed logins in MySQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;
use crate::console::{LoginFailures, LoginGuard};
use crate::mysql::Mysql;
use crate::sql::LoginFailuresRow;

#[async_trait]
impl LoginGuard for Mysql {
    async fn login_failures(&self, key: &str) -> Result<Option<LoginFailures>, StoreError> {
        let row: Option<LoginFailuresRow> =
            sqlx::query_as("SELECT failures, last_at FROM login_failures WHERE `key` = ?")
                .bind(key)
                .fetch_optional(self)
                .await?;
        Ok(row.map(LoginFailures::from))
    }

    async fn count_login_failure(&self, key: &str, at: DateTime<Utc>) -> Result<LoginFailures, StoreError> {
        let row: LoginFailuresRow = self
            .retried(|| async move {
                let mut transaction = self.begin().await?;
                // The row is ours to read until the commit.
                sqlx::query(
                    "INSERT INTO login_failures (`key`, failures, last_at) VALUES (?, 1, ?)
                     ON DUPLICATE KEY UPDATE
                       failures = failures + 1, last_at = greatest(last_at, VALUES(last_at))",
                )
                .bind(key)
                .bind(at)
                .execute(&mut transaction)
                .await?;
                let row = sqlx::query_as("SELECT failures, last_at FROM login_failures WHERE `key` = ?")
                    .bind(key)
                    .fetch_one(&mut transaction)
                    .await?;
                transaction.commit().await?;
                Ok(row)
            })
            .await?;
        Ok(row.into())
    }

    async fn clear_login_failures(&self, key: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM login_failures WHERE `key` = ?").bind(key).execute(self).await?;
        Ok(())
    }

    async fn drop_login_failures(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let dropped = sqlx::query("DELETE FROM login_failures WHERE last_at < ?").bind(before);
        Ok(dropped.execute(self).await?.rows_affected())
    }
}
