//! Drift as it is looked at: a model's days, each held against the limits of the config that is live.

use std::sync::PoisonError;

use bellwether_core::config::DriftLimits;
use bellwether_experiments::drift::{Exceeded, ModelDay, exceeded};
use bellwether_settings::Environment;
use chrono::{DateTime, Days, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::keeping;
use crate::ConsoleError;
use crate::console::Console;

/// An environment's drift.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DriftView {
    /// `stage` or `prod`.
    pub(crate) environment: String,
    /// The limits of the config that is live.
    pub(crate) limits: DriftLimits,
    /// Every model that is live, arms first; or the one that was asked for.
    pub(crate) models: Vec<DriftModel>,
}

/// A model's drift.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DriftModel {
    /// The bundle's uid.
    pub(crate) model: String,
    /// Whether it is an arm or a shadow of the config that is live.
    pub(crate) live: bool,
    /// Why it cannot be measured at the moment, where it cannot.
    pub(crate) fault: Option<String>,
    /// The days that were measured, the oldest first; the last may be today, and provisional.
    pub(crate) days: Vec<DriftDayView>,
}

/// A day, and what it exceeds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DriftDayView {
    /// What was measured.
    #[serde(flatten)]
    pub(crate) day: ModelDay,
    /// What is above its limit; empty below the least number of rows.
    pub(crate) exceeded: Vec<Exceeded>,
    /// When that was told by mail, where it was.
    pub(crate) told_at: Option<DateTime<Utc>>,
}

impl Console {
    /// The drift of `days` days up to today, of one model or of all that are live.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] for an environment that the console does not look after, or without a config;
    /// [`ConsoleError::Store`].
    pub(crate) async fn drift(
        &self,
        environment: Environment,
        model: Option<&str>,
        days: u32,
    ) -> Result<DriftView, ConsoleError> {
        let unknown = || ConsoleError::NotFound(format!("`{}` has no config yet", environment.as_str()));
        let parts = self.environment(environment).ok_or_else(unknown)?;
        let live = parts.last_good().await?.and_then(|live| live.document.ok()).ok_or_else(unknown)?;
        let limits = live.drift_limits();
        let names: Vec<String> = match model {
            Some(model) => vec![model.to_owned()],
            None => live.models().map(str::to_owned).collect(),
        };
        let to = self.now().date_naive();
        let from = to.checked_sub_days(Days::new(u64::from(days.max(1)) - 1)).unwrap_or(to);
        let mut models = Vec::with_capacity(names.len());
        for model in names {
            let rows = parts.database.drift_days(parts.name(), &model, from, to).await?;
            let days = rows.iter().filter_map(keeping::KeptDay::read).map(|kept| DriftDayView {
                exceeded: exceeded(&kept.day, &limits),
                told_at: kept.told_at,
                day: kept.day,
            });
            let days: Vec<_> = days.collect();
            let is_live = live.models().any(|name| name == model);
            let faults = self.drift_faults().lock().unwrap_or_else(PoisonError::into_inner);
            let fault = faults.get(&(environment, model.clone())).cloned();
            models.push(DriftModel { live: is_live, fault, days, model });
        }
        Ok(DriftView { environment: environment.as_str().to_owned(), limits, models })
    }
}
