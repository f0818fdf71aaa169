//! Sessions in MySQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;
use crate::console::{Session, Sessions};
use crate::mysql::Mysql;
use crate::sql::{SessionRow, agent};

#[async_trait]
impl Sessions for Mysql {
    async fn open_session(&self, session: &Session) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sessions (id_hash, user, csrf, created_at, seen_at, expires_at, address, agent)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&session.id_hash)
        .bind(&session.user)
        .bind(&session.csrf)
        .bind(session.created_at)
        .bind(session.seen_at)
        .bind(session.expires_at)
        .bind(&session.address)
        .bind(agent(session))
        .execute(self)
        .await?;
        Ok(())
    }

    async fn session(&self, id_hash: &str) -> Result<Option<Session>, StoreError> {
        let row: Option<SessionRow> = sqlx::query_as(
            "SELECT id_hash, user, csrf, created_at, seen_at, expires_at, address, agent
             FROM sessions WHERE id_hash = ?",
        )
        .bind(id_hash)
        .fetch_optional(self)
        .await?;
        Ok(row.map(Session::from))
    }

    async fn touch_session(&self, id_hash: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        // Of several who note it, the latest counts.
        sqlx::query("UPDATE sessions SET seen_at = ? WHERE id_hash = ? AND seen_at < ?")
            .bind(at)
            .bind(id_hash)
            .bind(at)
            .execute(self)
            .await?;
        Ok(())
    }

    async fn close_session(&self, id_hash: &str) -> Result<bool, StoreError> {
        let closed = sqlx::query("DELETE FROM sessions WHERE id_hash = ?").bind(id_hash);
        Ok(closed.execute(self).await?.rows_affected() > 0)
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = sqlx::query_as(
            "SELECT id_hash, user, csrf, created_at, seen_at, expires_at, address, agent
             FROM sessions WHERE user = ? ORDER BY created_at DESC, id_hash",
        )
        .bind(user)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Session::from).collect())
    }

    async fn drop_expired_sessions(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let dropped = sqlx::query("DELETE FROM sessions WHERE expires_at < ?").bind(now);
        Ok(dropped.execute(self).await?.rows_affected())
    }
}
