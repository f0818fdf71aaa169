//! A config version as it lies in the database, whoever wrote it there.

use bellwether_core::config::{ConfigDocument, ConfigVersion, Provenance};
use chrono::{DateTime, Utc};

use crate::StoreError;

/// One version of an environment's config as it is stored: with its document, or with what keeps that from
/// being used.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredVersion {
    /// `local`, `stage` or `prod`.
    pub environment: String,
    /// Counts up from 1 within an environment.
    pub version: u64,
    /// The version it was made from; none for the first.
    pub parent: Option<u64>,
    /// SHA-256 of the document in hex, as the row says.
    pub sha256: String,
    /// Who made it, as the row says.
    pub author: String,
    /// Why, as the row says.
    pub reason: String,
    /// When, in UTC, as the row says.
    pub created_at: DateTime<Utc>,
    /// By which way it came to be; none where it was written past us, before that was kept, or by a newer build
    /// that knows other ways.
    pub provenance: Option<Provenance>,
    /// The content: whole, within its own rules, and with the sha256 that the row says.
    pub document: Result<ConfigDocument, UnreadableDocument>,
}

/// A document that nobody may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableDocument {
    /// What is stored, as it is.
    pub text: String,
    /// Every reason why it cannot be used, each beginning with the field at fault: `proba_cutoff: …`.
    pub reasons: Vec<String>,
}

impl StoredVersion {
    /// The version itself.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with every reason, where its document is unreadable.
    pub fn readable(self) -> Result<ConfigVersion, StoreError> {
        let document = self.document.map_err(|unreadable| {
            let what = format!("config version {} of {}", self.version, self.environment);
            StoreError::corrupt(what, unreadable.reasons.join("; "))
        })?;
        Ok(ConfigVersion {
            environment: self.environment,
            version: self.version,
            parent: self.parent,
            document,
            sha256: self.sha256,
            author: self.author,
            reason: self.reason,
            created_at: self.created_at,
            provenance: self.provenance,
        })
    }
}

impl From<ConfigVersion> for StoredVersion {
    fn from(version: ConfigVersion) -> Self {
        Self {
            environment: version.environment,
            version: version.version,
            parent: version.parent,
            sha256: version.sha256,
            author: version.author,
            reason: version.reason,
            created_at: version.created_at,
            provenance: version.provenance,
            document: Ok(version.document),
        }
    }
}
