//! Users in MySQL, read.

use async_trait::async_trait;

use super::Mysql;
use crate::sql::UserRow;
use crate::{StoreError, User, Users};

#[async_trait]
impl Users for Mysql {
    async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = sqlx::query_as(
            "SELECT name, password_hash, role, created_at, disabled, email FROM users WHERE name = ?",
        )
        .bind(name)
        .fetch_optional(self)
        .await?;
        row.map(User::try_from).transpose()
    }

    async fn list(&self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> = sqlx::query_as(
            "SELECT name, password_hash, role, created_at, disabled, email FROM users ORDER BY name",
        )
        .fetch_all(self)
        .await?;
        rows.into_iter().map(User::try_from).collect()
    }
}
