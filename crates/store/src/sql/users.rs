//! Rows of `users`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::{StoreError, User};

#[derive(FromRow)]
pub(crate) struct UserRow {
    name: String,
    password_hash: String,
    role: String,
    created_at: DateTime<Utc>,
    disabled: bool,
    email: Option<String>,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let role =
            row.role.parse().map_err(|reason: String| StoreError::corrupt("a row of users", reason))?;
        Ok(Self {
            name: row.name,
            password_hash: row.password_hash,
            role,
            created_at: row.created_at,
            disabled: row.disabled,
            email: row.email,
        })
    }
}
