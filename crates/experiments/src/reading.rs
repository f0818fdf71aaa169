//! From a database to a report: the log is read through once, then the outcomes, both in pages.

use bellwether_core::prediction::LogRecord;
use bellwether_store::{Database, Outcome, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::cohort::Cohort;
use crate::experiment::ExperimentSpec;
use crate::report::ExperimentReport;

/// Records and outcomes read at once.
const LOG_PAGE: u32 = 1_000;
const OUTCOME_PAGE: u32 = 5_000;
/// How far a replica's clock may be before that of whoever made the first version, in minutes.
const CLOCKS: i64 = 10;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// What was asked makes no sense, in words.
    #[error("{0}")]
    Spec(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The computation ended by itself, which is an error of ours.
    #[error("the report's computation was cut off")]
    CutOff,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The log is read.
    Log,
    /// Outcomes are read.
    Outcomes,
    /// The report is computed.
    Computing,
}

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How many records or outcomes were read in this stage.
    pub read: u64,
    /// How much of the stage is done, 0 to 1, where that can be told.
    pub share: Option<f64>,
}

/// Makes a report of an experiment: reads the log from its beginning to the end of the last window, and every
/// outcome. `progress` hears of each page. Memory as told at [`Cohort`], and two pages.
///
/// # Errors
/// [`ReportError::Spec`] where nothing sensible was asked; [`ReportError::Store`].
pub async fn report(
    db: &dyn Database,
    spec: &ExperimentSpec,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<ExperimentReport, ReportError> {
    if let Some(fault) = spec.fault() {
        return Err(ReportError::Spec(fault));
    }
    let mut cohort = Cohort::new(spec.clone());
    cohort.log_begins(db.oldest().await?);
    read_log(db, spec, &mut cohort, progress).await?;
    read_outcomes(db, &mut cohort, progress).await?;
    progress(Progress { stage: Stage::Computing, read: 0, share: None });
    tokio::task::spawn_blocking(move || cohort.report()).await.map_err(|_| ReportError::CutOff)
}

async fn read_log(
    db: &dyn Database,
    spec: &ExperimentSpec,
    cohort: &mut Cohort,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(), StoreError> {
    let from = spec.from - TimeDelta::minutes(CLOCKS);
    // Whoever entered last is watched for a window more; a millisecond, since the end is left out.
    let over = spec.to.map_or(spec.as_of, |to| (to + spec.window()).min(spec.as_of));
    let to = over + TimeDelta::milliseconds(1);
    let (mut after, mut read) = (None, 0);
    loop {
        let page = db.between(from, to, after, LOG_PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.uid());
        read += page.len() as u64;
        let share = passed(from, last, to);
        for record in &page {
            cohort.saw(record);
        }
        progress(Progress { stage: Stage::Log, read, share });
    }
}

/// How much of the time lies behind a record.
fn passed(from: DateTime<Utc>, record: &LogRecord, to: DateTime<Utc>) -> Option<f64> {
    let (behind, whole) = (record.logging_timestamp - from, to - from);
    let whole = whole.num_milliseconds();
    (whole > 0).then(|| (behind.num_milliseconds() as f64 / whole as f64).clamp(0.0, 1.0))
}

async fn read_outcomes(
    db: &dyn Database,
    cohort: &mut Cohort,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(), StoreError> {
    let mut last: Option<Outcome> = None;
    let mut read = 0;
    loop {
        let after = last.as_ref().map(|outcome| (outcome.client_id.as_str(), outcome.id.as_str()));
        let page = db.outcomes_after(after, OUTCOME_PAGE).await?;
        for outcome in &page {
            cohort.outcome(&outcome.client_id, outcome.churned, outcome.occurred_at);
        }
        read += page.len() as u64;
        match page.into_iter().next_back() {
            Some(outcome) => last = Some(outcome),
            None => return Ok(()),
        }
        progress(Progress { stage: Stage::Outcomes, read, share: None });
    }
}
