//! The report of an experiment: what was counted, what it says, and how sure that is. Every figure names its
//! estimand; where there are too few clients for one, it is absent and a note says so.

mod differences;
mod groups;
mod models;
mod notes;
mod tally;
mod value;

use bellwether_core::treatment::Treatment;
use chrono::{DateTime, Utc};
use serde::Serialize;

pub use differences::{Difference, DifferenceDay, Verdict};
pub use groups::{Group, RatioCell, SampleRatio};
pub use models::{
    Agreement, CalibrationBin, Estimate, ModelPair, ModelScores, OnClients, PairDifference, Population,
};
pub use notes::{Note, NoteKind};
pub use value::{GroupValue, ValueDifference};

use crate::cohort::Cohort;
use crate::experiment::Silence;
use crate::statistics::CountTest;

/// Fewer clients in a group than this, and no difference to it is told.
pub const LEAST_CLIENTS: u64 = 20;
/// Fewer who churned, or fewer who stayed, than this, and nothing is told that rests on a normal approximation.
pub const LEAST_EVENTS: u64 = 10;

/// A side of a comparison: those who were given one treatment, or of those who were given a model's prediction, those
/// whom one model answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct GroupName {
    /// What they were given at their first prediction.
    pub treatment: Treatment,
    /// The arm that answered them; none for all of a treatment.
    pub model: Option<String>,
}

impl GroupName {
    /// As it is shown: `holdout`, `heuristic`, `model`, or the model's uid.
    pub fn label(&self) -> &str {
        self.model.as_deref().unwrap_or(self.treatment.as_str())
    }
}

/// All that can be said about one experiment at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ExperimentReport {
    /// `local`, `stage` or `prod`.
    pub environment: String,
    /// The salt by which its clients were drawn.
    pub salt: String,
    /// Numbers of its config versions, ascending.
    pub versions: Vec<u64>,
    /// How many distinct settings of shares it had; comparisons are made within each and then put together.
    pub regimes: usize,
    /// When its first version went live.
    pub from: DateTime<Utc>,
    /// When another salt followed; null while it is live.
    pub to: Option<DateTime<Utc>>,
    /// The moment that this is about.
    pub as_of: DateTime<Utc>,
    /// How long after the first prediction a client was watched, in days.
    pub window_days: u16,
    /// What a client's silence was taken for.
    pub silence: Silence,
    /// How often an interval may miss: 0.05 for intervals of 95 %.
    pub alpha: f64,
    /// What a contact was taken to cost.
    pub contact_cost: f64,
    /// Which share of a lifetime value a contact was taken to keep.
    pub kept_share: f64,
    /// Counting predictions that were read.
    pub predictions: u64,
    /// Clients who entered.
    pub clients: u64,
    /// Holdout, heuristic and model, as far as any client was given them; then each arm.
    pub groups: Vec<Group>,
    /// Whether as many were given each as the shares lead to expect; null where there is but one way to fall.
    pub sample_ratio: Option<SampleRatio>,
    /// Whether what became of clients is unknown equally often for every treatment; null where that cannot differ.
    pub missing_outcomes: Option<CountTest>,
    /// Differences in churn between groups.
    pub differences: Vec<Difference>,
    /// How well each model told who would churn: on everyone compared, and on the holdout alone.
    pub models: Vec<OnClients>,
    /// How far the models agree, on every client whom all of them scored; null where there is but one, or no client.
    pub agreement: Option<Agreement>,
    /// What was kept of lifetime values, less contacts, by group.
    pub values: Vec<GroupValue>,
    /// Differences in that between treatments.
    pub value_differences: Vec<ValueDifference>,
    /// What a reader must know, warnings first.
    pub notes: Vec<Note>,
}

impl Cohort {
    /// The report: to be asked for when every record and every outcome was taken in. It takes seconds for a million
    /// clients, so a server asks on a thread that may block.
    pub fn report(&self) -> ExperimentReport {
        let (spec, tally) = (&self.spec, tally::Tally::of(self));
        let compared = models::Compared::of(self);
        let (values, value_differences) = value::values(self, &tally);
        let mut report = ExperimentReport {
            environment: spec.environment.clone(),
            salt: spec.salt.clone(),
            versions: spec.own_versions().map(|version| version.version).collect(),
            regimes: self.regimes.all.iter().filter(|regime| regime.own).count(),
            from: spec.from,
            to: spec.to,
            as_of: spec.as_of,
            window_days: spec.window_days,
            silence: spec.silence,
            alpha: spec.alpha,
            contact_cost: spec.contact_cost,
            kept_share: spec.kept_share,
            predictions: self.predictions,
            clients: self.clients.len() as u64,
            groups: groups::groups(&tally, spec.alpha),
            sample_ratio: groups::sample_ratio(self, &tally),
            missing_outcomes: groups::missing_outcomes(&tally),
            differences: differences::differences(&tally, spec.alpha),
            models: models::on_clients(self, &compared),
            agreement: models::agreement(self, &compared),
            values,
            value_differences,
            notes: Vec::new(),
        };
        report.notes = notes::notes(self, &tally, &compared, &report);
        report
    }
}
