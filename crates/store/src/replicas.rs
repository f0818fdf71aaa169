//! The replicas: each reports what it runs, so that a change can be seen to have reached all of them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{StoreError, Traffic};

/// What one replica runs, as it last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaReport {
    /// The environment it serves.
    pub environment: String,
    /// Its name: unique among the replicas of its environment.
    pub replica: String,
    /// The config version that is live there; none while none is.
    pub version: Option<u64>,
    /// SHA-256 of that version's document.
    pub sha256: Option<String>,
    /// SHA-256 of every bundle it has verified, by uid.
    pub bundles: BTreeMap<String, String>,
    /// The newer version that it refuses, and why.
    pub refused: Option<RefusedVersion>,
    /// When the oldest entry of its journal was answered that has still to reach the database, the archive or the
    /// queue; none where each has all of them.
    pub journal_oldest_at: Option<DateTime<Utc>>,
    /// What it answered since that version went live there; none while none is, and of a build that does not say.
    pub traffic: Option<Traffic>,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it said so.
    pub at: DateTime<Utc>,
}

/// A version that cannot go live on a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedVersion {
    /// Which.
    pub version: u64,
    /// Why.
    pub reasons: Vec<String>,
}

/// The table `replicas`: one row each, replaced by every report.
#[async_trait]
pub trait Replicas: Send + Sync {
    /// Writes a replica's report over its last one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn report(&self, report: &ReplicaReport) -> Result<(), StoreError>;

    /// The last report of every replica of an environment, by name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a row cannot be read.
    async fn replicas(&self, environment: &str) -> Result<Vec<ReplicaReport>, StoreError>;

    /// The same, where a row that cannot be read keeps nobody from the others: such a replica has told no bundles, no
    /// refusal and no traffic, and comes with why ([`StoreError::Corrupt`]).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn replicas_with_unreadable(
        &self,
        environment: &str,
    ) -> Result<Vec<(ReplicaReport, Option<StoreError>)>, StoreError>;

    /// Forgets a replica that has ended in order; answers whether it was known.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn forget(&self, environment: &str, replica: &str) -> Result<bool, StoreError>;

    /// Forgets replicas that were last heard of before `before`; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn forget_silent(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;
}
