//! Users in MySQL.

use async_trait::async_trait;

use super::Mysql;
use super::errors::is_duplicate;
use crate::sql::UserRow;
use crate::{Role, StoreError, User, Users};

#[async_trait]
impl Users for Mysql {
    async fn add(&self, user: &User) -> Result<(), StoreError> {
        let added = sqlx::query(
            "INSERT INTO users (name, password_hash, role, created_at, disabled) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&user.name)
        .bind(&user.password_hash)
        .bind(user.role.as_str())
        .bind(user.created_at)
        .bind(user.disabled)
        .execute(self)
        .await;
        match added {
            Err(error) if is_duplicate(&error) => Err(user.is_taken()),
            added => Ok(added.map(drop)?),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = sqlx::query_as(
            "SELECT name, password_hash, role, created_at, disabled FROM users WHERE name = ?",
        )
        .bind(name)
        .fetch_optional(self)
        .await?;
        row.map(User::try_from).transpose()
    }

    async fn list(&self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> =
            sqlx::query_as("SELECT name, password_hash, role, created_at, disabled FROM users ORDER BY name")
                .fetch_all(self)
                .await?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn set_password_hash(&self, name: &str, password_hash: &str) -> Result<bool, StoreError> {
        let update =
            sqlx::query("UPDATE users SET password_hash = ? WHERE name = ?").bind(password_hash).bind(name);
        Ok(update.execute(self).await?.rows_affected() > 0)
    }

    async fn set_role(&self, name: &str, role: Role) -> Result<bool, StoreError> {
        let update = sqlx::query("UPDATE users SET role = ? WHERE name = ?").bind(role.as_str()).bind(name);
        Ok(update.execute(self).await?.rows_affected() > 0)
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> Result<bool, StoreError> {
        let update = sqlx::query("UPDATE users SET disabled = ? WHERE name = ?").bind(disabled).bind(name);
        Ok(update.execute(self).await?.rows_affected() > 0)
    }
}
