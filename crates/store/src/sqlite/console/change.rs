//! The statements of a change in SQLite. The transaction is the only one that writes from its beginning on.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::console::{AuditEntry, ConsoleToken, GoldenPayload};
use crate::sql::{AuditHeadRow, Change, Failure, StoredProposal, Successor};
use crate::sqlite::config_store::{append, stored};
use crate::{Role, User};

#[async_trait]
impl Change for SqliteConnection {
    async fn head(&mut self) -> Result<Option<AuditHeadRow>, Failure> {
        Ok(sqlx::query_as("SELECT seq, hash FROM audit_head").fetch_optional(&mut *self).await?)
    }

    async fn add_line(&mut self, line: &AuditEntry) -> Result<bool, Failure> {
        sqlx::query("UPDATE audit_head SET seq = ?, hash = ?")
            .bind(stored(line.seq)?)
            .bind(&line.hash)
            .execute(&mut *self)
            .await?;
        let added = sqlx::query(
            "INSERT INTO audit_log (seq, at, actor, action, subject, detail, previous, hash)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(stored(line.seq)?)
        .bind(line.at)
        .bind(&line.actor)
        .bind(&line.action)
        .bind(&line.subject)
        .bind(&line.detail)
        .bind(&line.previous)
        .bind(&line.hash)
        .execute(&mut *self)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    async fn last_proposal(&mut self) -> Result<Option<u64>, Failure> {
        Ok(sqlx::query_scalar("SELECT max(id) FROM proposals").fetch_one(&mut *self).await?)
    }

    async fn proposal_revision(&mut self, id: u64) -> Result<Option<u64>, Failure> {
        let revision = sqlx::query_scalar("SELECT revision FROM proposals WHERE id = ?").bind(stored(id)?);
        Ok(revision.fetch_optional(&mut *self).await?)
    }

    async fn add_proposal(&mut self, new: &StoredProposal) -> Result<bool, Failure> {
        let added = sqlx::query(
            "INSERT INTO proposals (id, revision, state, author, sha256, passed, updated_at, content)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(stored(new.proposal.id)?)
        .bind(stored(new.proposal.revision)?)
        .bind(new.proposal.state.as_str())
        .bind(&new.proposal.author)
        .bind(&new.proposal.sha256)
        .bind(new.passed)
        .bind(new.proposal.updated_at)
        .bind(&new.content)
        .execute(&mut *self)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    async fn update_proposal(&mut self, new: &StoredProposal, revision: u64) -> Result<bool, Failure> {
        let updated = sqlx::query(
            "UPDATE proposals
             SET revision = ?, state = ?, author = ?, sha256 = ?, passed = ?, updated_at = ?, content = ?
             WHERE id = ? AND revision = ?",
        )
        .bind(stored(new.proposal.revision)?)
        .bind(new.proposal.state.as_str())
        .bind(&new.proposal.author)
        .bind(&new.proposal.sha256)
        .bind(new.passed)
        .bind(new.proposal.updated_at)
        .bind(&new.content)
        .bind(stored(new.proposal.id)?)
        .bind(stored(revision)?)
        .execute(&mut *self)
        .await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn append(&mut self, new: &Successor) -> Result<bool, Failure> {
        append(&mut *self, new).await
    }

    async fn add_user(&mut self, user: &User) -> Result<bool, Failure> {
        let added = sqlx::query(
            "INSERT INTO users (name, password_hash, role, created_at, disabled, email)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(&user.name)
        .bind(&user.password_hash)
        .bind(user.role.as_str())
        .bind(user.created_at)
        .bind(user.disabled)
        .bind(&user.email)
        .execute(&mut *self)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    async fn set_password_hash(&mut self, name: &str, hash: &str) -> Result<bool, Failure> {
        let set = sqlx::query("UPDATE users SET password_hash = ? WHERE name = ?").bind(hash).bind(name);
        Ok(set.execute(&mut *self).await?.rows_affected() == 1)
    }

    async fn set_role(&mut self, name: &str, role: Role) -> Result<bool, Failure> {
        let set = sqlx::query("UPDATE users SET role = ? WHERE name = ?").bind(role.as_str()).bind(name);
        Ok(set.execute(&mut *self).await?.rows_affected() == 1)
    }

    async fn set_email(&mut self, name: &str, email: Option<&str>) -> Result<bool, Failure> {
        let set = sqlx::query("UPDATE users SET email = ? WHERE name = ?").bind(email).bind(name);
        Ok(set.execute(&mut *self).await?.rows_affected() == 1)
    }

    async fn set_disabled(&mut self, name: &str, disabled: bool) -> Result<bool, Failure> {
        let set = sqlx::query("UPDATE users SET disabled = ? WHERE name = ?").bind(disabled).bind(name);
        Ok(set.execute(&mut *self).await?.rows_affected() == 1)
    }

    async fn close_sessions(&mut self, user: &str, except: Option<&str>) -> Result<(), Failure> {
        sqlx::query("DELETE FROM sessions WHERE user = ? AND id_hash <> coalesce(?, '')")
            .bind(user)
            .bind(except)
            .execute(&mut *self)
            .await?;
        Ok(())
    }

    async fn add_token(&mut self, token: &ConsoleToken) -> Result<bool, Failure> {
        let added = sqlx::query(
            "INSERT INTO console_tokens
               (id, hash, name, owner, role, created_at, expires_at, revoked_at, used_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(&token.id)
        .bind(&token.hash)
        .bind(&token.name)
        .bind(&token.owner)
        .bind(token.role.as_str())
        .bind(token.created_at)
        .bind(token.expires_at)
        .bind(token.revoked_at)
        .bind(token.used_at)
        .execute(&mut *self)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    async fn revoke_token(&mut self, id: &str, at: DateTime<Utc>) -> Result<bool, Failure> {
        let revoked =
            sqlx::query("UPDATE console_tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
                .bind(at)
                .bind(id)
                .execute(&mut *self)
                .await?;
        Ok(revoked.rows_affected() == 1)
    }

    async fn save_payload(&mut self, payload: &GoldenPayload, text: &str) -> Result<(), Failure> {
        sqlx::query(
            "INSERT INTO golden_payloads (name, payload, expected_high_risk, author, updated_at)
             VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (name) DO UPDATE
             SET payload = excluded.payload, expected_high_risk = excluded.expected_high_risk,
                 author = excluded.author, updated_at = excluded.updated_at",
        )
        .bind(&payload.name)
        .bind(text)
        .bind(payload.expected_high_risk)
        .bind(&payload.author)
        .bind(payload.updated_at)
        .execute(&mut *self)
        .await?;
        Ok(())
    }

    async fn delete_payload(&mut self, name: &str) -> Result<bool, Failure> {
        let deleted = sqlx::query("DELETE FROM golden_payloads WHERE name = ?").bind(name);
        Ok(deleted.execute(&mut *self).await?.rows_affected() == 1)
    }
}
