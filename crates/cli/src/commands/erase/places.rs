//! Every place where something is kept of a client.

use bellwether_settings::Settings;
use bellwether_store::archive::{Erased, erase_client};
use bellwether_store::{Database, StoreError};

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
    /// Features and lifetime value: one record.
    pub features: Place,
    /// Email jobs, whatever their state.
    pub email_jobs: Place,
    /// How often the client was seen: one record.
    pub sightings: Place,
    /// Records in archive objects.
    pub archived: Place,
}

impl Places {
    /// Erases a client everywhere. A place that fails keeps no other from being erased.
    pub(super) async fn erase(&mut self, database: &dyn Database, settings: &Settings, client: &str) {
        self.predictions.take(database.erase_predictions(client).await);
        self.features.take(database.erase_features(client).await.map(u64::from));
        self.email_jobs.take(database.erase_client(client).await);
        sightings(&mut self.sightings, settings, client).await;
        archive(&mut self.archived, settings, client).await;
    }

    /// Every place by its name.
    pub(super) fn all(&self) -> [(&'static str, &Place); 5] {
        [
            ("predictions", &self.predictions),
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

// MERGE: where `redis.url` is set, `Sightings::erase(client_id)` belongs here: `place.take(….map(u64::from))`.
#[expect(clippy::unused_async, reason = "the engine to come is asked")]
async fn sightings(place: &mut Place, _settings: &Settings, _client: &str) {
    place.left = Some("kept in the memory of each api, and forgotten there after recent_window_seconds");
}

async fn archive(place: &mut Place, settings: &Settings, client: &str) {
    let archive = match bellwether_engines::archive(settings) {
        Ok(Some(archive)) => archive,
        Ok(None) => return,
        Err(error) => {
            place.failed = Some(format!("{error:#}"));
            return;
        }
    };
    match erase_client(archive.as_ref(), settings.environment.as_str(), client, &|_| {}).await {
        Ok(Erased { records_removed, lines_unreadable, .. }) => {
            place.removed += records_removed;
            place.failed = (lines_unreadable > 0)
                .then(|| format!("{lines_unreadable} lines hold no record that can be read"));
        }
        Err(error) => place.failed = Some(error.reason()),
    }
}
