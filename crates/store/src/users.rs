//! People who may log in, and what they may do. Hashes are made elsewhere; here they are only kept.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// What a person may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Propose changes and try them in staging.
    Editor,
    /// Promote and revert.
    Approver,
    /// Manage users.
    Admin,
}

impl Role {
    /// The name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "editor" => Ok(Self::Editor),
            "approver" => Ok(Self::Approver),
            "admin" => Ok(Self::Admin),
            _ => Err("expected `viewer`, `editor`, `approver` or `admin`".to_owned()),
        }
    }
}

/// A person.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name they log in by, compared exactly.
    pub name: String,
    /// An argon2id hash in PHC form.
    pub password_hash: String,
    /// What they may do.
    pub role: Role,
    /// Since when they are known, in UTC.
    pub created_at: DateTime<Utc>,
    /// Whether they are kept from logging in.
    pub disabled: bool,
    /// Where they are written to, if that is known.
    pub email: Option<String>,
}

/// Leaves the hash out: it must not reach a log.
impl fmt::Debug for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("User")
            .field("name", &self.name)
            .field("role", &self.role)
            .field("created_at", &self.created_at)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

/// The table `users`, read; written by [`crate::console::Ledger::commit`] alone.
#[async_trait]
pub trait Users: Send + Sync {
    /// The person of that name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the row cannot be read.
    async fn find(&self, name: &str) -> Result<Option<User>, StoreError>;

    /// Everyone, by name.
    ///
    /// # Errors
    /// As [`Users::find`].
    async fn list(&self) -> Result<Vec<User>, StoreError>;
}
