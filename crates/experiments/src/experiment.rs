//! Which experiments an environment had, and what is asked about one.

use bellwether_core::config::{ConfigVersion, OUTCOME_WINDOW_DAYS};
use bellwether_store::{ConfigStore, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many versions are read at once.
const PAGE: u32 = 200;

/// An experiment: an environment's config versions with one salt, by which its clients are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ExperimentOutline {
    /// `local`, `stage` or `prod`.
    pub environment: String,
    /// The salt.
    pub salt: String,
    /// Numbers of its versions, ascending. Shares may differ between them.
    pub numbers: Vec<u64>,
    /// When its first version went live.
    pub from: DateTime<Utc>,
    /// When a version with another salt followed its last; none while it is live.
    pub to: Option<DateTime<Utc>>,
    /// Every readable version of the environment since its first, of other salts too, ascending: what a client was
    /// given later is told by them.
    #[serde(skip)]
    pub versions: Vec<ConfigVersion>,
}

/// What a client's silence means once their window is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Nothing: what became of them is unknown.
    #[default]
    Unknown,
    /// That they stayed: right only where everyone who leaves is reported.
    Stayed,
}

/// What is asked about one experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentSpec {
    /// `local`, `stage` or `prod`.
    pub environment: String,
    /// The experiment's salt.
    pub salt: String,
    /// As [`ExperimentOutline::versions`]. Those made after `as_of` are ignored.
    pub versions: Vec<ConfigVersion>,
    /// When it began.
    pub from: DateTime<Utc>,
    /// When another salt followed; none while it is live.
    pub to: Option<DateTime<Utc>>,
    /// The moment that the report is about; what was logged later is not read.
    pub as_of: DateTime<Utc>,
    /// How long after the first prediction a client is watched, in days, 1 to 365.
    pub window_days: u16,
    /// What silence means.
    pub silence: Silence,
    /// How often an interval may miss, above 0 and below 1: 0.05 gives intervals of 95 %.
    pub alpha: f64,
    /// What one contact costs, in the unit of lifetime values; 0 or more.
    pub contact_cost: f64,
    /// Which share of their lifetime value is kept of a client who would have left and was contacted, 0 to 1.
    pub kept_share: f64,
}

impl ExperimentSpec {
    /// What is asked unless something else is said: the window and the contacts' value of the experiment's newest
    /// version; silence means nothing, intervals of 95 %.
    pub fn of(outline: &ExperimentOutline, as_of: DateTime<Utc>) -> Self {
        let mut spec = Self {
            environment: outline.environment.clone(),
            salt: outline.salt.clone(),
            versions: outline.versions.clone(),
            from: outline.from,
            to: outline.to,
            as_of,
            window_days: OUTCOME_WINDOW_DAYS,
            silence: Silence::Unknown,
            alpha: 0.05,
            contact_cost: 0.0,
            kept_share: 0.0,
        };
        let newest = spec.own_versions().next_back().map(|version| version.document.clone());
        if let Some(newest) = newest {
            spec.window_days = newest.outcome_window();
            let value = newest.contact_value;
            (spec.contact_cost, spec.kept_share) =
                value.map_or((0.0, 0.0), |v| (v.contact_cost, v.kept_share));
        }
        spec
    }

    /// What is wrong with it, in words; none where a report can be made.
    pub fn fault(&self) -> Option<String> {
        if !(1..=365).contains(&self.window_days) {
            return Some(format!("window_days: expected 1 to 365, not {}", self.window_days));
        }
        if !(self.alpha > 0.0 && self.alpha <= 0.5) {
            return Some(format!("alpha: expected more than 0 and at most 0.5, not {}", self.alpha));
        }
        if !(self.contact_cost >= 0.0 && self.contact_cost.is_finite()) {
            return Some(format!("contact_cost: expected 0 or more, not {}", self.contact_cost));
        }
        if !(0.0..=1.0).contains(&self.kept_share) {
            return Some(format!("kept_share: expected 0 to 1, not {}", self.kept_share));
        }
        let known = self.own_versions().next().is_some();
        (!known).then(|| format!("no version with the salt `{}` was live by {}", self.salt, self.as_of))
    }

    /// The experiment's own versions made by `as_of`, ascending.
    pub fn own_versions(&self) -> impl DoubleEndedIterator<Item = &ConfigVersion> {
        let own = |version: &&ConfigVersion| version.document.experiment_salt == self.salt;
        self.versions.iter().filter(|version| version.created_at <= self.as_of).filter(own)
    }

    /// How long a client is watched.
    pub fn window(&self) -> TimeDelta {
        TimeDelta::days(i64::from(self.window_days))
    }
}

/// Every experiment of an environment, that with the newest version first. A version that cannot be read was never
/// live and is in none; so is a salt that returns one experiment, though others lay between.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn experiments(
    store: &dyn ConfigStore,
    environment: &str,
) -> Result<Vec<ExperimentOutline>, StoreError> {
    let mut versions = Vec::new();
    let mut page = store.history(environment, PAGE).await?;
    while let Some(oldest) = page.last().map(|version| version.version) {
        versions.extend(page.into_iter().filter_map(|version| version.readable().ok()));
        page = store.history_before(environment, oldest, PAGE).await?;
    }
    versions.reverse();
    Ok(outlined(environment, &versions))
}

/// `versions` ascend.
fn outlined(environment: &str, versions: &[ConfigVersion]) -> Vec<ExperimentOutline> {
    let mut outlines: Vec<ExperimentOutline> = Vec::new();
    for (at, version) in versions.iter().enumerate().rev() {
        let salt = &version.document.experiment_salt;
        if let Some(known) = outlines.iter_mut().find(|outline| outline.salt == *salt) {
            known.numbers.push(version.version);
            known.from = version.created_at;
            continue;
        }
        outlines.push(ExperimentOutline {
            environment: environment.to_owned(),
            salt: salt.clone(),
            numbers: vec![version.version],
            from: version.created_at,
            to: versions.get(at + 1).map(|next| next.created_at),
            versions: Vec::new(),
        });
    }
    for outline in &mut outlines {
        outline.numbers.reverse();
        let first = outline.numbers.first().copied().unwrap_or_default();
        outline.versions = versions.iter().filter(|version| version.version >= first).cloned().collect();
    }
    outlines
}
