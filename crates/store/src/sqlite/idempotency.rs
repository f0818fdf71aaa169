//! Idempotency keys in SQLite.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::fmt::Hyphenated;

use super::Sqlite;
use crate::{IdempotencyKeys, KeyedAnswer, KeyedRequest, StoreError};

#[async_trait]
impl IdempotencyKeys for Sqlite {
    async fn claim_key(&self, request: &KeyedRequest, now: DateTime<Utc>) -> Result<KeyedAnswer, StoreError> {
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "INSERT INTO idempotency_keys (caller, key, fingerprint, job_id, created_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (caller, key) DO NOTHING",
        )
        .bind(&request.caller)
        .bind(&request.key)
        .bind(&request.fingerprint)
        .bind(request.job_id.hyphenated())
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        let (fingerprint, job_id): (String, Hyphenated) =
            sqlx::query_as("SELECT fingerprint, job_id FROM idempotency_keys WHERE caller = ? AND key = ?")
                .bind(&request.caller)
                .bind(&request.key)
                .fetch_one(&mut *transaction)
                .await?;
        transaction.commit().await?;
        Ok(KeyedAnswer { fingerprint, job_id: job_id.into_uuid() })
    }

    async fn purge_keys(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let purged = sqlx::query(
            "DELETE FROM idempotency_keys WHERE (caller, key) IN
               (SELECT caller, key FROM idempotency_keys WHERE created_at < ? LIMIT ?)",
        )
        .bind(before)
        .bind(limit);
        Ok(purged.execute(self.pool()).await?.rows_affected())
    }
}
