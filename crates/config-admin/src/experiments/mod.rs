//! Reports of experiments for pages and JSON: computed beside them, one at a time, and good for a minute. What a report
//! says belongs to `bellwether-experiments`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwether_core::config::ConfigDocument;
use bellwether_experiments::{
    ExperimentOutline, ExperimentReport, ExperimentSpec, Progress, Silence, experiments, report,
};
use bellwether_settings::Environment;
use chrono::{DateTime, TimeDelta, Utc};

use crate::ConsoleError;
use crate::console::Console;

/// How long a report is shown before another is made.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(1);
/// So many reports are kept; the oldest goes first.
const KEPT: usize = 32;

/// Which report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    environment: Environment,
    salt: String,
    stayed: bool,
}

/// How a report stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// The last one that was made, and when.
    pub(crate) done: Option<(Arc<ExperimentReport>, DateTime<Utc>)>,
    /// Whether another is being made, or waits for its turn.
    pub(crate) under_way: bool,
    /// How far it is; none while it waits.
    pub(crate) progress: Option<Progress>,
    /// Why the last try failed, and when.
    pub(crate) failed: Option<(String, DateTime<Utc>)>,
}

impl Standing {
    /// When the last try ended.
    fn ended(&self) -> Option<DateTime<Utc>> {
        self.done.as_ref().map(|(_, at)| *at).max(self.failed.as_ref().map(|(_, at)| *at))
    }
}

/// Every report that was asked for lately.
#[derive(Default)]
pub(crate) struct Reports {
    standings: Mutex<BTreeMap<Key, Standing>>,
    turn: tokio::sync::Mutex<()>,
}

impl Reports {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Standing>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How one stands; and whether it is for the caller to make it.
    fn stand(&self, key: &Key, now: DateTime<Utc>) -> (Standing, bool) {
        let mut standings = self.lock();
        if !standings.contains_key(key) && standings.len() >= KEPT {
            let idle = standings.iter().filter(|(_, standing)| !standing.under_way);
            let oldest = idle.min_by_key(|(_, standing)| standing.ended()).map(|(key, _)| key.clone());
            oldest.map(|oldest| standings.remove(&oldest));
        }
        let standing = standings.entry(key.clone()).or_default();
        let fresh = standing.ended().is_some_and(|ended| now - ended < GOOD_FOR);
        let begins = !standing.under_way && !fresh;
        if begins {
            standing.under_way = true;
        }
        (standing.clone(), begins)
    }

    fn progress(&self, key: &Key, progress: Progress) {
        if let Some(standing) = self.lock().get_mut(key) {
            standing.progress = Some(progress);
        }
    }

    fn end(&self, key: &Key, outcome: Result<ExperimentReport, String>, now: DateTime<Utc>) {
        let mut standings = self.lock();
        let standing = standings.entry(key.clone()).or_default();
        standing.under_way = false;
        standing.progress = None;
        match outcome {
            Ok(report) => {
                standing.done = Some((Arc::new(report), now));
                standing.failed = None;
            }
            Err(why) => standing.failed = Some((why, now)),
        }
    }
}

impl Console {
    /// Every experiment of an environment, the newest first.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] for an environment that the console does not look after; [`ConsoleError::Store`].
    pub(crate) async fn experiments(
        &self,
        environment: Environment,
    ) -> Result<Vec<ExperimentOutline>, ConsoleError> {
        let parts = self.environment(environment).ok_or_else(unknown)?;
        Ok(experiments(&*parts.database, parts.name()).await?)
    }

    /// How an experiment's report stands. Where none was made for a minute, another begins.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] without such an experiment; [`ConsoleError::Store`].
    pub(crate) async fn experiment(
        &self,
        environment: Environment,
        salt: &str,
        silence: Silence,
    ) -> Result<Standing, ConsoleError> {
        let outlines = self.experiments(environment).await?;
        let outline = outlines.into_iter().find(|outline| outline.salt == salt).ok_or_else(unknown)?;
        let key = Key { environment, salt: salt.to_owned(), stayed: silence == Silence::Stayed };
        let (standing, begins) = self.reports().stand(&key, self.now());
        if begins {
            tokio::spawn(make(self.clone(), key, spec(&outline, silence, self.now())));
        }
        Ok(standing)
    }
}

fn unknown() -> ConsoleError {
    ConsoleError::NotFound("there is no such experiment".to_owned())
}

/// What is asked: by the newest of the experiment's own documents.
fn spec(outline: &ExperimentOutline, silence: Silence, now: DateTime<Utc>) -> ExperimentSpec {
    let mut spec = ExperimentSpec { silence, ..ExperimentSpec::of(outline, now) };
    let newest = spec.own_versions().next_back().map(|version| &version.document);
    let (window, contact) =
        (newest.map(ConfigDocument::outcome_window), newest.and_then(|document| document.contact_value));
    spec.window_days = window.unwrap_or(spec.window_days);
    if let Some(contact) = contact {
        spec.contact_cost = contact.contact_cost;
        spec.kept_share = contact.kept_share;
    }
    spec
}

async fn make(console: Console, key: Key, spec: ExperimentSpec) {
    let reports = console.reports().clone();
    let making = {
        let (console, key, reports) = (console.clone(), key.clone(), reports.clone());
        // In a task of its own, so that a panic is an end like another.
        tokio::spawn(async move {
            let _turn = reports.turn.lock().await;
            let Some(parts) = console.environment(key.environment) else {
                return Err("the environment is gone".to_owned());
            };
            let told = |progress: Progress| reports.progress(&key, progress);
            report(&*parts.database, &spec, &told).await.map_err(|error| error.to_string())
        })
    };
    let outcome = making.await.unwrap_or_else(|_| Err("making it failed on our side".to_owned()));
    if let Err(why) = &outcome {
        tracing::warn!(why, environment = key.environment.as_str(), "an experiment's report cannot be made");
    }
    reports.end(&key, outcome, console.now());
}
