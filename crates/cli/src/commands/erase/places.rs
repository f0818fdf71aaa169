//! Every place where something is kept of a client.

use std::sync::Arc;

use bellwether_engines::{Absence, archive, redis, sightings};
use bellwether_settings::Settings;
use bellwether_store::archive::{ArchiveStore, erase_client};
use bellwether_store::{Database, Sightings, StoreError};

/// One place, and what became of it.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// How many records were removed, over all passes.
    pub removed: u64,
    /// Why the last pass failed.
    pub failed: Option<String>,
    /// What is out of reach, and why that is so.
    pub left: Option<&'static str>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The prediction log.
    pub predictions: Place,
    /// What was said of what became of them.
    pub outcomes: Place,
    /// Features and lifetime value: one record.
    pub features: Place,
    /// Email jobs, whatever their state.
    pub email_jobs: Place,
    /// How often the client was seen: one record.
    pub sightings: Place,
    /// Records in archive objects.
    pub archived: Place,
}

/// What keeps them. One that cannot be opened says why, and keeps no other from being erased.
pub(super) struct Keepers<'d> {
    database: &'d dyn Database,
    sightings: Result<Option<Arc<dyn Sightings>>, String>,
    archive: Result<Option<Arc<dyn ArchiveStore>>, String>,
    environment: String,
}

impl<'d> Keepers<'d> {
    /// Opens what the settings name beside the database.
    pub(super) async fn open(database: &'d dyn Database, settings: &Settings) -> Self {
        let sightings = match redis(settings, Absence::Fatal).await {
            Ok(Some(server)) => Ok(Some(sightings(Some(&server)).await)),
            Ok(None) => Ok(None),
            Err(error) => Err(format!("{error:#}")),
        };
        let archive = archive(settings).map_err(|error| format!("{error:#}"));
        Self { database, sightings, archive, environment: settings.environment.as_str().to_owned() }
    }
}

impl Places {
    /// Erases a client everywhere. A place that fails keeps no other from being erased.
    pub(super) async fn erase(&mut self, keepers: &Keepers<'_>, client: &str) {
        let database = keepers.database;
        self.predictions.take(database.erase_predictions(client).await);
        self.outcomes.take(database.erase_outcomes(client).await);
        self.features.take(database.erase_features(client).await.map(u64::from));
        self.email_jobs.take(database.erase_client(client).await);
        match &keepers.sightings {
            Ok(Some(sightings)) => self.sightings.take(sightings.erase(client).await.map(u64::from)),
            Ok(None) => {
                self.sightings.left =
                    Some("kept in the memory of each api, and forgotten there after recent_window_seconds");
            }
            Err(reason) => self.sightings.failed = Some(reason.clone()),
        }
        match &keepers.archive {
            Ok(Some(archive)) => {
                self.archived.erase_from(archive.as_ref(), &keepers.environment, client).await;
            }
            Ok(None) => {}
            Err(reason) => self.archived.failed = Some(reason.clone()),
        }
    }

    /// Every place by its name.
    pub(super) fn all(&self) -> [(&'static str, &Place); 6] {
        [
            ("predictions", &self.predictions),
            ("outcomes", &self.outcomes),
            ("features", &self.features),
            ("email_jobs", &self.email_jobs),
            ("sightings", &self.sightings),
            ("archived_records", &self.archived),
        ]
    }

    /// Whether every place was erased.
    pub(super) fn complete(&self) -> bool {
        self.all().iter().all(|(_, place)| place.failed.is_none())
    }
}

impl Place {
    async fn erase_from(&mut self, archive: &dyn ArchiveStore, environment: &str, client: &str) {
        match erase_client(archive, environment, client, &|_| {}).await {
            Ok(erased) => {
                self.removed += erased.records_removed;
                let unreadable = erased.lines_unreadable > 0;
                self.failed = unreadable.then(|| {
                    format!("{} lines cannot be read: whose they are cannot be told", erased.lines_unreadable)
                });
            }
            Err(error) => self.failed = Some(error.reason()),
        }
    }

    fn take(&mut self, outcome: Result<u64, StoreError>) {
        match outcome {
            Ok(removed) => {
                self.removed += removed;
                self.failed = None;
            }
            // An engine's own words may quote the client.
            Err(error) => self.failed = Some(error.to_string()),
        }
    }
}
