//! Idempotency keys in MySQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Mysql;
use crate::{IdempotencyKeys, KeyedAnswer, KeyedRequest, StoreError};

#[async_trait]
impl IdempotencyKeys for Mysql {
    async fn claim_key(&self, request: &KeyedRequest, now: DateTime<Utc>) -> Result<KeyedAnswer, StoreError> {
        let (fingerprint, job_id) = self
            .retried(|| async move {
                let mut transaction = self.begin().await?;
                // New or not, the row is ours to read until the commit.
                sqlx::query(
                    "INSERT INTO idempotency_keys (caller, `key`, fingerprint, job_id, created_at)
                     VALUES (?, ?, ?, ?, ?)
                     ON DUPLICATE KEY UPDATE caller = caller",
                )
                .bind(&request.caller)
                .bind(&request.key)
                .bind(&request.fingerprint)
                .bind(request.job_id)
                .bind(now)
                .execute(&mut transaction)
                .await?;
                let there: (String, Uuid) = sqlx::query_as(
                    "SELECT fingerprint, job_id FROM idempotency_keys WHERE caller = ? AND `key` = ?",
                )
                .bind(&request.caller)
                .bind(&request.key)
                .fetch_one(&mut transaction)
                .await?;
                transaction.commit().await?;
                Ok(there)
            })
            .await?;
        Ok(KeyedAnswer { fingerprint, job_id })
    }

    async fn purge_keys(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let purged = sqlx::query("DELETE FROM idempotency_keys WHERE created_at < ? LIMIT ?");
        Ok(purged.bind(before).bind(limit).execute(self).await?.rows_affected())
    }
}
