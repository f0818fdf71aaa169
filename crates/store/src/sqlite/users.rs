//! Users in SQLite.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::Sqlite;
use crate::{Role, StoreError, User, Users};

#[derive(FromRow)]
struct Row {
    name: String,
    password_hash: String,
    role: String,
    created_at: DateTime<Utc>,
    disabled: bool,
}

impl TryFrom<Row> for User {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role =
            row.role.parse().map_err(|reason: String| StoreError::corrupt("a row of users", reason))?;
        Ok(Self {
            name: row.name,
            password_hash: row.password_hash,
            role,
            created_at: row.created_at,
            disabled: row.disabled,
        })
    }
}

#[async_trait]
impl Users for Sqlite {
    async fn add(&self, user: &User) -> Result<(), StoreError> {
        let added = sqlx::query(
            "INSERT INTO users (name, password_hash, role, created_at, disabled) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(&user.name)
        .bind(&user.password_hash)
        .bind(user.role.as_str())
        .bind(user.created_at)
        .bind(user.disabled)
        .execute(self.pool())
        .await?
        .rows_affected();
        if added == 0 {
            let what = format!("a user `{}` exists", user.name);
            return Err(StoreError::Conflict { what });
        }
        Ok(())
    }

    async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT name, password_hash, role, created_at, disabled FROM users WHERE name = ?",
        )
        .bind(name)
        .fetch_optional(self.readers())
        .await?;
        row.map(User::try_from).transpose()
    }

    async fn list(&self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT name, password_hash, role, created_at, disabled FROM users ORDER BY name")
                .fetch_all(self.readers())
                .await?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn set_password_hash(&self, name: &str, password_hash: &str) -> Result<bool, StoreError> {
        let update =
            sqlx::query("UPDATE users SET password_hash = ? WHERE name = ?").bind(password_hash).bind(name);
        Ok(update.execute(self.pool()).await?.rows_affected() > 0)
    }

    async fn set_role(&self, name: &str, role: Role) -> Result<bool, StoreError> {
        let update = sqlx::query("UPDATE users SET role = ? WHERE name = ?").bind(role.as_str()).bind(name);
        Ok(update.execute(self.pool()).await?.rows_affected() > 0)
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> Result<bool, StoreError> {
        let update = sqlx::query("UPDATE users SET disabled = ? WHERE name = ?").bind(disabled).bind(name);
        Ok(update.execute(self.pool()).await?.rows_affected() > 0)
    }
}
