//! The live config and its models: looked up in the database, bound to verified bundles, swapped in
//! one step, and kept on disk for a start without a database.

mod last_good;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use bellwether_core::bundle::manifest::Manifest;
use bellwether_core::bundle::{Bundles, Known, Look, ModelFolder};
use bellwether_core::config::{ConfigDocument, ConfigVersion};
use bellwether_core::prediction::Snapshot;
use bellwether_store::bundle_bucket::BundleBucket;
use bellwether_store::{Clock, ConfigStore, StoreError, StoredVersion};
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::scoring::Served;
use crate::traffic::TrafficCount;
use last_good::LastGood;

/// Holds what is live. Reading it takes no lock.
pub(crate) struct Live {
    environment: String,
    models: Arc<ModelFolder>,
    bucket: Option<Arc<BundleBucket>>,
    configs: Arc<dyn ConfigStore>,
    last_good: LastGood,
    served: ArcSwapOption<Served>,
    bundles: ArcSwap<Known>,
    traffic: ArcSwapOption<TrafficCount>,
    told: Mutex<Told>,
    /// Counts up whenever what is told changes.
    changes: watch::Sender<u64>,
    /// One refresh at a time, so that an older version cannot overtake a newer one.
    refreshing: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
}

/// What is said of the live config beside the config itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Told {
    /// Since when the live version is live.
    pub since: Option<DateTime<Utc>>,
    /// The newest version, if it was refused, and why.
    pub refused: Option<(u64, Vec<String>)>,
    /// Why the newest version could not even be looked up.
    pub unreachable: Option<String>,
    /// Every bundle in the models folder: its sha256, or why it is refused.
    pub bundles: BTreeMap<String, Result<String, String>>,
}

/// What a `Live` is made of.
pub(crate) struct Sources {
    /// Which line of versions is followed.
    pub environment: String,
    /// Where bundles are looked for.
    pub models: Arc<ModelFolder>,
    /// The bucket whose bundles are kept there, if they come from one.
    pub bucket: Option<Arc<BundleBucket>>,
    /// Where versions are looked up.
    pub configs: Arc<dyn ConfigStore>,
    /// The file that keeps the last good version.
    pub last_good: PathBuf,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Live {
    /// Verifies the bundles and takes the newest version up; from the disk where the database is away or the
    /// newest version is refused. Nothing may be live afterwards; [`Self::told`] then says why.
    pub(crate) async fn begin(sources: Sources) -> Self {
        let live = Self {
            environment: sources.environment,
            models: sources.models,
            bucket: sources.bucket,
            configs: sources.configs,
            last_good: LastGood::new(sources.last_good),
            served: ArcSwapOption::empty(),
            bundles: ArcSwap::default(),
            traffic: ArcSwapOption::empty(),
            told: Mutex::default(),
            changes: watch::Sender::default(),
            refreshing: tokio::sync::Mutex::default(),
            clock: sources.clock,
        };
        live.refused_total().increment(0);
        live.refused_version().set(0.0);
        if live.refresh().await.is_err() || live.snapshot().is_none() {
            live.take_up_last_good().await;
        }
        live
    }

    /// Which line of versions is followed.
    pub(crate) fn environment(&self) -> &str {
        &self.environment
    }

    /// What is live now.
    pub(crate) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.served.load_full().map(|served| served.snapshot())
    }

    /// The same with what it takes to score by it.
    pub(crate) fn served(&self) -> Option<Arc<Served>> {
        self.served.load_full()
    }

    /// Where the live version's answers are counted; none while none is live. Takes no lock either.
    pub(crate) fn traffic(&self) -> Option<Arc<TrafficCount>> {
        self.traffic.load_full()
    }

    /// What was in the models folder when it was last looked through, at the last refresh.
    pub(crate) fn bundles(&self) -> Arc<Known> {
        self.bundles.load_full()
    }

    /// The manifest of a verified bundle and the bundle's SHA-256; none where there is no such bundle.
    ///
    /// # Errors
    /// In words, where it is refused or cannot be read any more.
    pub(crate) async fn manifest(&self, uid: &str) -> Result<Option<(Manifest, String)>, String> {
        if let Some(Err(reason)) = self.bundles().get(uid) {
            return Err(reason.clone());
        }
        let (models, uid) = (self.models.clone(), uid.to_owned());
        let read = tokio::task::spawn_blocking(move || models.manifest(&uid)).await;
        read.unwrap_or_else(|_| Err("reading it failed".to_owned()))
    }

    /// Wakes whoever waits for what is told to change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What is said about it.
    pub(crate) fn told(&self) -> Told {
        self.lock().clone()
    }

    /// Looks the newest version up and takes it up if it is new and good. A version that is refused, or a
    /// database that is away, leaves what is live as it is.
    ///
    /// # Errors
    /// Where the database cannot be asked.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let before = self.told();
        let outcome = self.look_up().await;
        let after = self.told();
        if before != after {
            self.changes.send_modify(|changes| *changes += 1);
        }
        outcome
    }

    async fn look_up(&self) -> Result<(), StoreError> {
        let found = self.configs.live(&self.environment).await;
        let newest = found.as_ref().ok().and_then(Option::as_ref);
        let named = newest.and_then(|newest| newest.document.as_ref().ok());
        let bundles = self.look(named.into_iter().flat_map(ConfigDocument::models)).await;
        self.lock().unreachable =
            found.as_ref().err().map(|error| format!("the config cannot be looked up: {error}"));
        match found? {
            Some(newest) => self.consider(newest, &bundles).await?,
            None => self.tell_refused(None),
        }
        Ok(())
    }

    /// Takes a version up unless it is live already, or refuses it with every reason.
    async fn consider(&self, newest: StoredVersion, bundles: &Bundles) -> Result<(), StoreError> {
        let number = newest.version;
        if let Err(unreadable) = newest.document {
            self.tell_refused(Some((number, unreadable.reasons)));
            return Ok(());
        }
        let version = newest.readable()?;
        if self.snapshot().is_some_and(|live| live.config == version) {
            self.tell_refused(None);
            return Ok(());
        }
        match served(version, bundles) {
            Ok(served) => {
                self.go_live(served).await;
                self.tell_refused(None);
            }
            Err(why) => self.tell_refused(Some((number, why))),
        }
        Ok(())
    }

    /// Why this process cannot answer predictions; empty if it can.
    pub(crate) fn hindrances(&self) -> Vec<String> {
        if self.snapshot().is_some() {
            return Vec::new();
        }
        let told = self.told();
        let mut reasons: Vec<_> = told.unreachable.into_iter().collect();
        match told.refused {
            Some((version, why)) => {
                reasons.extend(why.iter().map(|why| format!("config version {version}: {why}")));
            }
            None if reasons.is_empty() => {
                reasons.push(format!("no config for `{}`: run `bellwether migrate`", self.environment));
            }
            None => {}
        }
        reasons
    }

    /// What keeps the newest version from going live, if something does, is told all the same.
    async fn take_up_last_good(&self) {
        let _one_at_a_time = self.refreshing.lock().await;
        let version = match self.last_good.read(&self.environment) {
            Ok(Some(version)) => version,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "the last good config cannot be read");
                return;
            }
        };
        let (number, bundles) = (version.version, self.look(version.document.models()).await);
        match served(version, &bundles) {
            Ok(served) => {
                tracing::warn!(version = number, "starting on the last good config, kept on disk");
                self.go_live(served).await;
            }
            Err(why) => {
                tracing::error!(version = number, ?why, "the last good config cannot be served any more");
                if self.told().refused.is_none() {
                    self.tell_refused(Some((number, why)));
                }
            }
        }
    }

    async fn go_live(&self, served: Served) {
        if let Err(error) = self.last_good.write(&served.config).await {
            tracing::warn!(%error, "the live config could not be kept on disk");
        }
        let (number, now) = (served.config.version, self.clock.now());
        // First, so that every answer of the new version is counted.
        self.traffic.store(Some(Arc::new(TrafficCount::begin(number, now))));
        self.served.store(Some(Arc::new(served)));
        self.lock().since = Some(now);
        metrics::gauge!("bellwether_config_version", "environment" => self.environment.clone())
            .set(number as f64);
        tracing::info!(version = number, "a config version is live");
    }

    /// Says which version is refused and why, or that none is. A version is logged for each new reason and
    /// counted once, however often it is looked up.
    fn tell_refused(&self, refused: Option<(u64, Vec<String>)>) {
        let mut told = self.lock();
        if told.refused == refused {
            return;
        }
        let version = |refused: &Option<(u64, _)>| refused.as_ref().map_or(0, |(version, _)| *version);
        let (before, number) = (version(&told.refused), version(&refused));
        if let Some((version, why)) = &refused {
            tracing::error!(version, ?why, "a config version is refused");
            if before != number {
                self.refused_total().increment(1);
            }
        }
        self.refused_version().set(number as f64);
        told.refused = refused;
    }

    fn refused_total(&self) -> metrics::Counter {
        metrics::counter!("bellwether_config_refused_total", "environment" => self.environment.clone())
    }

    /// 0 while nothing is refused.
    fn refused_version(&self) -> metrics::Gauge {
        metrics::gauge!("bellwether_config_refused_version", "environment" => self.environment.clone())
    }

    /// Looks the models folder through: everything in it is told, and the named bundles are loaded, beside those
    /// that are live.
    async fn look<'a>(&self, named: impl Iterator<Item = &'a str>) -> Bundles {
        let mut wanted: BTreeSet<String> = named.map(str::to_owned).collect();
        let live = self.snapshot();
        wanted.extend(live.iter().flat_map(|live| live.config.document.models()).map(str::to_owned));
        if let Some(bucket) = &self.bucket {
            bucket.fetch(&wanted, &self.bundles()).await;
        }
        let models = Arc::clone(&self.models);
        let look = match tokio::task::spawn_blocking(move || models.look(|uid| wanted.contains(uid))).await {
            Ok(Ok(look)) => look,
            Ok(Err(error)) => {
                tracing::error!(%error, "the models folder cannot be read");
                Look::default()
            }
            Err(error) => {
                tracing::error!(%error, "verifying bundles failed");
                Look::default()
            }
        };
        for (uid, reason) in look.known.iter().filter_map(|(uid, b)| Some((uid, b.as_ref().err()?))) {
            tracing::warn!(bundle = uid, reason, "a bundle is refused");
        }
        let told = look.known.iter().map(|(uid, bundle)| {
            (uid.clone(), bundle.as_ref().map(|about| about.sha256.clone()).map_err(Clone::clone))
        });
        self.lock().bundles = told.collect();
        self.bundles.store(Arc::new(look.known));
        look.loaded
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A version with its models and their lanes.
///
/// # Errors
/// Every reason why it cannot go live.
fn served(version: ConfigVersion, bundles: &Bundles) -> Result<Served, Vec<String>> {
    let snapshot = Snapshot::build(version, bundles)
        .map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Served::begin(snapshot).map_err(|error| vec![format!("no thread to score on: {error}")])
}

#[cfg(test)]
mod tests;
