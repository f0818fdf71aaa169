//! Drift, watched beside the pages: every finished day of every live model is measured and kept, today is measured as far
//! as it goes, and what is above config's limits is told. How drift is measured belongs to `bellwether-experiments`.

mod keeping;
mod references;
mod telling;
mod view;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::config::DriftLimits;
use bellwether_settings::Environment;
use tokio_util::sync::CancellationToken;

pub(crate) use view::{DriftDayView, DriftModel, DriftView};

use crate::console::Console;
use crate::environment::EnvironmentParts;
use keeping::Today;
use references::References;

/// How often today is looked at.
const LOOK: Duration = Duration::from_secs(20);

/// Why models cannot be measured, by environment and model.
pub(crate) type Faults = Arc<Mutex<BTreeMap<(Environment, String), String>>>;

/// Measures drift.
pub struct DriftWatcher {
    console: Console,
    references: References,
    today: BTreeMap<Environment, Today>,
}

impl DriftWatcher {
    /// One for a console's environments.
    pub fn new(console: Console) -> Self {
        Self { console, references: References::default(), today: BTreeMap::new() }
    }

    /// Looks at once and then every 20 s, until `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(Box::pin(async {
            loop {
                self.look().await;
                tokio::time::sleep(LOOK).await;
            }
        }))
        .await;
    }

    /// Measures what is to be measured now, in every environment, and tells of it. What cannot be done now is logged
    /// and tried again by the next look.
    pub async fn look(&mut self) {
        for environment in [Environment::Stage, Environment::Prod] {
            let console = self.console.clone();
            let Some(parts) = console.environment(environment) else { continue };
            if let Err(why) = self.look_at(parts).await {
                tracing::warn!(
                    environment = parts.name(),
                    why,
                    "drift cannot be measured now; it is tried again"
                );
            }
        }
    }

    async fn look_at(&mut self, parts: &EnvironmentParts) -> Result<(), String> {
        let Some((models, limits)) = watched(parts).await? else { return Ok(()) };
        let mut references = Vec::new();
        for model in &models {
            let found = self.references.of(parts, model).await;
            let fault = found.as_ref().err().map(ToString::to_string);
            self.note(parts.environment, model, fault);
            references.extend(found);
        }
        let now = self.console.now();
        let days = keeping::finish_days(parts, &references, now).await?;
        let today = self.today.entry(parts.environment).or_insert_with(|| Today::new(now));
        today.go_on(parts, &references, now).await?;
        for (model, day) in days {
            telling::measured(parts, &model, &day, &limits);
            telling::by_mail(&self.console, parts, day, &limits).await?;
        }
        Ok(())
    }

    fn note(&self, environment: Environment, model: &str, fault: Option<String>) {
        let mut faults = self.console.drift_faults().lock().unwrap_or_else(PoisonError::into_inner);
        let key = (environment, model.to_owned());
        match fault {
            Some(fault) => faults.insert(key, fault),
            None => faults.remove(&key),
        };
    }
}

/// The models that are live in an environment, and its limits; none without a config that can be used.
async fn watched(parts: &EnvironmentParts) -> Result<Option<(Vec<String>, DriftLimits)>, String> {
    let live = parts.last_good().await.map_err(|error| error.to_string())?;
    let document = live.and_then(|live| live.document.ok());
    Ok(document.map(|document| (document.models().map(str::to_owned).collect(), document.drift_limits())))
}
