//! Rows of `config_version`.

use bellwether_core::config::{ConfigDocument, ConfigVersion};
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::{NewConfigVersion, StoreError};

#[derive(FromRow)]
pub(crate) struct ConfigVersionRow {
    environment: String,
    version: u64,
    parent: Option<u64>,
    document: String,
    sha256: String,
    author: String,
    reason: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<ConfigVersionRow> for ConfigVersion {
    type Error = StoreError;

    fn try_from(row: ConfigVersionRow) -> Result<Self, StoreError> {
        let what = || format!("config version {} of {}", row.version, row.environment);
        let document: ConfigDocument =
            serde_json::from_str(&row.document).map_err(|error| StoreError::corrupt(what(), error))?;
        let sha256 = document.sha256().map_err(|error| StoreError::corrupt(what(), error))?;
        if sha256 != row.sha256 {
            return Err(StoreError::corrupt(what(), "its content does not match its sha256"));
        }
        Ok(Self {
            environment: row.environment,
            version: row.version,
            parent: row.parent,
            document,
            sha256,
            author: row.author,
            reason: row.reason,
            created_at: row.created_at,
        })
    }
}

/// The version that follows another, with its texts as they are stored.
pub(crate) struct Successor {
    pub(crate) version: ConfigVersion,
    pub(crate) document: String,
}

impl Successor {
    /// What `new` becomes where its parent is live.
    pub(crate) fn of(new: NewConfigVersion) -> Result<Self, StoreError> {
        let unwritable = |error| StoreError::Refused(Box::new(error));
        let document = serde_json::to_string(&new.document).map_err(unwritable)?;
        let version = ConfigVersion {
            version: new.parent.unwrap_or(0).saturating_add(1),
            sha256: new.document.sha256().map_err(unwritable)?,
            environment: new.environment,
            parent: new.parent,
            document: new.document,
            author: new.author,
            reason: new.reason,
            created_at: new.created_at,
        };
        Ok(Self { version, document })
    }
}

/// What it means that another version than its parent is live.
pub(crate) fn overtaken(version: &ConfigVersion) -> StoreError {
    let environment = &version.environment;
    let what = match version.parent {
        Some(parent) => format!("version {parent} is not the live one of {environment} any more"),
        None => format!("{environment} has a version already"),
    };
    StoreError::Conflict { what }
}
