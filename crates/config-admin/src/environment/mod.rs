//! An environment as the console sees it: its database, its replicas, its api.

mod api;
mod replicas;
mod wire;

use std::sync::Arc;

use bellwether_settings::Environment;
use bellwether_store::{ConfigChanges, SharedDatabase, StoreError, StoredVersion};

pub use api::{ApiError, ApiToken, EnvironmentApi};
pub(crate) use replicas::Census;
pub(crate) use wire::{Answered, ParityRow, Particulars, StageBundle};

/// How many of the newest versions are looked through for one that can be used.
const LOOKED_THROUGH: u32 = 50;

/// What the console reaches of an environment.
#[derive(Clone)]
pub struct EnvironmentParts {
    /// Which.
    pub environment: Environment,
    /// Its database.
    pub database: SharedDatabase,
    /// Carries word of its config changes.
    pub changes: Arc<dyn ConfigChanges>,
    /// Its api.
    pub api: EnvironmentApi,
}

impl EnvironmentParts {
    /// Its name on the wire and in the database.
    pub(crate) fn name(&self) -> &'static str {
        self.environment.as_str()
    }

    /// The newest version of its config.
    ///
    /// # Errors
    /// As [`bellwether_store::ConfigStore::live`].
    pub(crate) async fn live(&self) -> Result<Option<StoredVersion>, StoreError> {
        self.database.live(self.name()).await
    }

    /// The newest version of its config that can be used: what replicas serve while the newest is refused by all.
    ///
    /// # Errors
    /// As [`bellwether_store::ConfigStore::live`].
    pub(crate) async fn last_good(&self) -> Result<Option<StoredVersion>, StoreError> {
        let newest = self.database.history(self.name(), LOOKED_THROUGH).await?;
        Ok(newest.into_iter().find(|version| version.document.is_ok()))
    }

    /// Tells its replicas of a change. They find out by themselves where the word does not reach them.
    pub(crate) async fn announce(&self) {
        if let Err(error) = self.changes.announce(self.name()).await {
            tracing::warn!(%error, environment = self.name(), "a change could not be announced");
        }
    }
}
