//! The line of config versions of each environment: append-only, one live version at its end.

use async_trait::async_trait;
use bellwether_core::change::TrialReport;
use bellwether_core::config::{ConfigDocument, ConfigVersion, Provenance};
use chrono::{DateTime, Utc};

use crate::{StoreError, StoredVersion};

/// A version to be appended; the store gives it its number and its hash.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConfigVersion {
    /// `local`, `stage` or `prod`.
    pub environment: String,
    /// The version it was made from; `None` for an environment's first.
    pub parent: Option<u64>,
    /// The content, already checked.
    pub document: ConfigDocument,
    /// Who made it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, in UTC.
    pub created_at: DateTime<Utc>,
    /// By which way it comes to be.
    pub provenance: Option<Provenance>,
    /// What its trial in staging found, where there was one; kept with it.
    pub stage_report: Option<TrialReport>,
}

/// Config versions, immutable once appended. A row that somebody wrote past this trait is told as it is: its
/// document may be unreadable, which is no failure of the store.
#[async_trait]
pub trait ConfigStore: Send + Sync {
    /// The newest version of an environment: the one that is to be live.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn live(&self, environment: &str) -> Result<Option<StoredVersion>, StoreError>;

    /// One version by its number.
    ///
    /// # Errors
    /// As [`ConfigStore::live`].
    async fn version(&self, environment: &str, version: u64) -> Result<Option<StoredVersion>, StoreError>;

    /// Up to `limit` versions, newest first.
    ///
    /// # Errors
    /// As [`ConfigStore::live`].
    async fn history(&self, environment: &str, limit: u32) -> Result<Vec<StoredVersion>, StoreError>;

    /// Up to `limit` versions before the version `before`, newest first.
    ///
    /// # Errors
    /// As [`ConfigStore::live`].
    async fn history_before(
        &self,
        environment: &str,
        before: u64,
        limit: u32,
    ) -> Result<Vec<StoredVersion>, StoreError>;

    /// What the trial found that let a version through; none where there is no such version, or it was not tried.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the report cannot be read.
    async fn stage_report(&self, environment: &str, version: u64) -> Result<Option<TrialReport>, StoreError>;

    /// Makes a version live. Of concurrent appends to one environment exactly one wins.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] unless `new.parent` is the live version.
    async fn append(&self, new: NewConfigVersion) -> Result<ConfigVersion, StoreError>;
}
