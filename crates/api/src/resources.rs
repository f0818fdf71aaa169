//! What the service holds open: database, journal and relay, opened in order and let go in order.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bellwether_core::bundle::ModelFolder;
use bellwether_engines::Absence;
use bellwether_jobs::{EmailOutbox, JobQueue};
use bellwether_settings::{JournalSync, Settings};
use bellwether_store::DatabaseSink;
use bellwether_store::archive::ArchiveSink;
use bellwether_store::journal::{self, Journal, JournalOptions};
use bellwether_store::relay::{Relay, RelayHandle, RelayOptions, Sink};
use bellwether_store::{
    Clock, ConfigChanges, LtvCache, LtvCacheOptions, SharedDatabase, Sightings, SystemClock,
};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::email_sink::EmailSink;
use crate::explaining::Explainer;
use crate::heartbeat::Heartbeat;
use crate::live::{Live, Sources};
use crate::predictor::Predictor;

/// How long a start waits for lifetime values.
const LTV_PATIENCE: Duration = Duration::from_secs(1);

/// What the relay gets at least, however long the answers in flight took.
const LEAST_DRAIN: Duration = Duration::from_secs(1);

/// What the service is built on: what several services in one process share, and what a test replaces.
#[derive(Clone)]
pub struct Parts {
    /// The bundles, verified once for all.
    pub models: Arc<ModelFolder>,
    /// The database.
    pub database: SharedDatabase,
    /// The queue of emails.
    pub queue: Arc<dyn JobQueue>,
    /// Counts how often a client is seen.
    pub sightings: Arc<dyn Sightings>,
    /// Carries word of config changes.
    pub changes: Arc<dyn ConfigChanges>,
    /// Where metrics are told from.
    pub metrics: PrometheusHandle,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Parts {
    /// Opens what the settings name.
    ///
    /// # Errors
    /// Naming the setting at fault.
    pub async fn open(settings: &Settings, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        // With a config on disk, predictions can be answered while database and Redis are away.
        let absence =
            if last_good(&settings.journal.path).is_file() { Absence::Waited } else { Absence::Fatal };
        let database = bellwether_engines::migrated_database(settings, absence).await?;
        let redis = bellwether_engines::redis(settings, absence).await?;
        Ok(Self {
            models: Arc::new(bellwether_engines::model_folder(settings)),
            database,
            queue: bellwether_engines::queue(settings, redis.as_ref()).await?,
            sightings: bellwether_engines::sightings(redis.as_ref()).await,
            changes: bellwether_engines::config_changes(redis.as_ref()),
            metrics,
            clock: Arc::new(SystemClock),
        })
    }
}

/// Everything that is open while the service runs.
pub(crate) struct Resources {
    pub live: Arc<Live>,
    pub predictor: Predictor,
    pub explainer: Arc<Explainer>,
    pub database: SharedDatabase,
    pub emails: EmailOutbox,
    pub journal: Arc<Journal>,
    pub relay: RelayHandle,
    pub clock: Arc<dyn Clock>,
    pub heartbeat: Arc<Heartbeat>,
    pub changes: Arc<dyn ConfigChanges>,
}

impl Resources {
    /// Opens the journal, begins to relay it, and takes the live config up.
    ///
    /// # Errors
    /// Naming the setting at fault.
    pub(crate) async fn open(settings: &Settings, parts: Parts) -> anyhow::Result<Self> {
        let Parts { models, database, queue, sightings, changes, clock, .. } = parts;
        let journal = Arc::new(open_journal(settings).await?);
        let emails = EmailOutbox::new(database.clone(), queue, clock.clone());
        let relay = relay(settings, &journal, &database, &emails).await?;
        let environment = settings.environment.as_str().to_owned();
        let sources = Sources {
            environment: environment.clone(),
            bucket: bellwether_engines::bundle_bucket(settings, models.path())?,
            models,
            configs: database.clone(),
            last_good: last_good(&settings.journal.path),
            clock: clock.clone(),
        };
        let live = Arc::new(Live::begin(sources).await);
        let predictor = Predictor {
            environment,
            replica: replica(settings),
            journal: journal.clone(),
            ltv: ltv(settings, &database).await,
            sightings,
            clock: clock.clone(),
            on_full: settings.journal.on_full,
            patience: Duration::from_millis(settings.scoring.budget_milliseconds),
        };
        let explainer = Arc::new(Explainer::start(&settings.explain).context("explain.threads")?);
        let heartbeat = Arc::new(Heartbeat {
            environment: predictor.environment.clone(),
            replica: predictor.replica.clone(),
            live: live.clone(),
            journal: journal.clone(),
            replicas: database.clone(),
            started_at: clock.now(),
            clock: clock.clone(),
        });
        Ok(Self { live, predictor, explainer, database, emails, journal, relay, clock, heartbeat, changes })
    }

    /// Relays what can be relayed by then, and closes the journal.
    pub(crate) async fn close(self, deadline: tokio::time::Instant) {
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        let drained = self.relay.drain(left.max(LEAST_DRAIN)).await;
        if !drained.left.is_empty() {
            tracing::warn!(left = ?drained.left, "the journal keeps what could not be relayed for the next start");
        }
        self.heartbeat.end().await;
        if let Err(error) = self.journal.close().await {
            tracing::error!(%error, "the journal did not close cleanly; what was answered is in it");
        }
    }
}

async fn open_journal(settings: &Settings) -> anyhow::Result<Journal> {
    let sync = match settings.journal.sync {
        JournalSync::Os => journal::JournalSync::Os,
        JournalSync::Disk => journal::JournalSync::Disk,
    };
    let options = JournalOptions {
        sync,
        max_bytes: settings.journal.max_bytes,
        reserve_bytes: settings.journal.reserve_bytes,
        ..JournalOptions::default()
    };
    Journal::open(&settings.journal.path, options).await.context("journal.path")
}

async fn relay(
    settings: &Settings,
    journal: &Arc<Journal>,
    database: &SharedDatabase,
    emails: &EmailOutbox,
) -> anyhow::Result<RelayHandle> {
    let mut sinks: Vec<Arc<dyn Sink>> =
        vec![Arc::new(DatabaseSink::new(database.clone())), Arc::new(EmailSink(emails.clone()))];
    if let Some(archive) = bellwether_engines::archive(settings)? {
        let every = Duration::from_secs(settings.archive.batch_seconds);
        let records = settings.archive.batch_records;
        sinks.push(Arc::new(ArchiveSink::with_batches(archive, journal.id(), records, every)));
    }
    let environment = settings.environment.as_str().to_owned();
    let options = RelayOptions { environment, ..RelayOptions::default() };
    Relay::spawn(journal.clone(), sinks, options).await.context("the journal cannot be relayed")
}

/// The last good config lies beside the journal: both are this replica's own.
fn last_good(journal: &Path) -> PathBuf {
    journal.with_file_name("last-good-config.json")
}

fn replica(settings: &Settings) -> String {
    if !settings.replica.is_empty() {
        return settings.replica.clone();
    }
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    format!("{}-{}", host.trim(), std::process::id())
}

async fn ltv(settings: &Settings, database: &SharedDatabase) -> LtvCache {
    let options = LtvCacheOptions {
        time_to_live: Duration::from_secs(settings.ltv.ttl_seconds),
        entries: settings.ltv.max_clients,
        budget: Duration::from_millis(settings.ltv.budget_milliseconds),
        ..LtvCacheOptions::default()
    };
    let cache = LtvCache::new(database.clone(), options);
    let limit = u32::try_from(settings.ltv.max_clients).unwrap_or(u32::MAX);
    let warming = cache.clone();
    let warm = tokio::spawn(async move {
        if let Err(error) = warming.warm(limit).await {
            tracing::warn!(%error, "lifetime values are looked up as they are asked for");
        }
    });
    // A database that is slow or away does not hold the start up: warming goes on beside the answers.
    let _ = tokio::time::timeout(LTV_PATIENCE, warm).await;
    cache
}
