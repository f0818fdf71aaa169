//! Rows of `console_tokens`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::StoreError;
use crate::console::ConsoleToken;

#[derive(FromRow)]
pub(crate) struct ConsoleTokenRow {
    id: String,
    hash: String,
    name: String,
    owner: String,
    role: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    used_at: Option<DateTime<Utc>>,
}

impl TryFrom<ConsoleTokenRow> for ConsoleToken {
    type Error = StoreError;

    fn try_from(row: ConsoleTokenRow) -> Result<Self, StoreError> {
        let unknown = |reason: String| StoreError::corrupt("a row of console_tokens", reason);
        Ok(Self {
            role: row.role.parse().map_err(unknown)?,
            id: row.id,
            hash: row.hash,
            name: row.name,
            owner: row.owner,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            used_at: row.used_at,
        })
    }
}
