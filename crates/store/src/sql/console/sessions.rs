//! Rows of `sessions` and `login_failures`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::console::{LoginFailures, Session};

/// How much of what a browser calls itself is kept, in characters.
const AGENT_CHARS: usize = 255;

#[derive(FromRow)]
pub(crate) struct SessionRow {
    id_hash: String,
    user: String,
    csrf: String,
    created_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    address: String,
    agent: String,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id_hash: row.id_hash,
            user: row.user,
            csrf: row.csrf,
            created_at: row.created_at,
            seen_at: row.seen_at,
            expires_at: row.expires_at,
            address: row.address,
            agent: row.agent,
        }
    }
}

/// A browser's name as it is kept: nobody is kept out for having a long one.
pub(crate) fn agent(session: &Session) -> &str {
    let agent = session.agent.as_str();
    agent.char_indices().nth(AGENT_CHARS).map_or(agent, |(end, _)| &agent[..end])
}

#[derive(FromRow)]
pub(crate) struct LoginFailuresRow {
    failures: u32,
    last_at: DateTime<Utc>,
}

impl From<LoginFailuresRow> for LoginFailures {
    fn from(row: LoginFailuresRow) -> Self {
        Self { count: row.failures, last_at: row.last_at }
    }
}
