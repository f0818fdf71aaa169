//! Console tokens in SQLite, read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;
use crate::console::{ConsoleToken, ConsoleTokens};
use crate::sql::ConsoleTokenRow;
use crate::sqlite::Sqlite;

#[async_trait]
impl ConsoleTokens for Sqlite {
    async fn token(&self, id: &str) -> Result<Option<ConsoleToken>, StoreError> {
        let row: Option<ConsoleTokenRow> = sqlx::query_as(
            "SELECT id, hash, name, owner, role, created_at, expires_at, revoked_at, used_at
             FROM console_tokens WHERE id = ?",
        )
        .bind(id)
        .fetch_optional(self.readers())
        .await?;
        row.map(ConsoleToken::try_from).transpose()
    }

    async fn tokens(&self) -> Result<Vec<ConsoleToken>, StoreError> {
        let rows: Vec<ConsoleTokenRow> = sqlx::query_as(
            "SELECT id, hash, name, owner, role, created_at, expires_at, revoked_at, used_at
             FROM console_tokens ORDER BY created_at DESC, id",
        )
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(ConsoleToken::try_from).collect()
    }

    async fn touch_token(&self, id: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        // Of several who note it, the latest counts.
        sqlx::query(
            "UPDATE console_tokens SET used_at = ? WHERE id = ? AND (used_at IS NULL OR used_at < ?)",
        )
        .bind(at)
        .bind(id)
        .bind(at)
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
