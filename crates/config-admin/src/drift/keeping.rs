//! Days measured and kept: a finished one once, an hour after its end, since records reach the log late; today again
//! and again as far as it goes.

use bellwether_experiments::drift::{Cursor, ModelDay, Reference, Watched, read_day, start_of};
use bellwether_store::{DriftDay, StoreError};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::environment::EnvironmentParts;

/// So long after its end a day is finished: what was answered then has reached the log, unless the log was away.
const LATE: TimeDelta = TimeDelta::hours(1);
/// So long after its answer a record of today is counted: replicas relay at their own pace, and what comes behind the
/// cursor is not seen before the day is finished.
const SETTLES: TimeDelta = TimeDelta::minutes(2);
/// So many days back are measured where they were not.
const BACK: u64 = 7;

/// A day as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptDay {
    /// What was measured.
    pub(super) day: ModelDay,
    /// When it was told by mail, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told_at: Option<DateTime<Utc>>,
}

impl KeptDay {
    /// A row as it is stored; none where another build wrote it in a way that this one cannot read.
    pub(super) fn read(row: &DriftDay) -> Option<Self> {
        serde_json::from_str(&row.document).ok()
    }

    /// Keeps it.
    ///
    /// # Errors
    /// In words, where it cannot be kept.
    pub(super) async fn keep(&self, parts: &EnvironmentParts, now: DateTime<Utc>) -> Result<(), String> {
        let row = DriftDay {
            environment: parts.name().to_owned(),
            model: self.day.model.clone(),
            day: self.day.day,
            rows: self.day.rows,
            document: serde_json::to_string(self).map_err(|error| error.to_string())?,
            computed_at: now,
        };
        parts.database.keep_drift_day(&row).await.map_err(words)
    }
}

/// Measures finished days that were not, and answers each model's last finished day.
///
/// # Errors
/// In words, where the database cannot be asked.
pub(super) async fn finish_days(
    parts: &EnvironmentParts,
    references: &[Reference],
    now: DateTime<Utc>,
) -> Result<Vec<(String, KeptDay)>, String> {
    let last = last_finished(now);
    let first = last.checked_sub_days(Days::new(BACK - 1)).unwrap_or(last);
    let oldest = parts.database.oldest().await.map_err(words)?.map(|at| at.date_naive());
    // Days before there was a log have nothing to say.
    let Some(first) = oldest.map(|oldest| oldest.max(first)) else { return Ok(Vec::new()) };
    let mut missing: Vec<(NaiveDate, Vec<Reference>)> = Vec::new();
    for day in first.iter_days().take_while(|day| *day <= last) {
        missing.push((day, Vec::new()));
    }
    let mut newest = Vec::new();
    for reference in references {
        let kept = kept(parts, &reference.model, first, last).await?;
        for (day, of) in &mut missing {
            if !kept.iter().any(|kept| kept.day.day == *day && kept.day.complete) {
                of.push(reference.clone());
            }
        }
        let done = kept.into_iter().rfind(|kept| kept.day.day == last && kept.day.complete);
        newest.extend(done.map(|done| (reference.model.clone(), done)));
    }
    missing.retain(|(_, of)| !of.is_empty());
    for (day, references) in missing {
        let mut watched: Vec<_> = references.into_iter().map(Watched::new).collect();
        let mut cursor = Cursor::new(day);
        let end = start_of(day) + TimeDelta::days(1);
        read_day(&*parts.database, &mut watched, &mut cursor, end).await.map_err(words)?;
        for model in &watched {
            let done = KeptDay { day: model.measured(&cursor, true), told_at: None };
            done.keep(parts, now).await?;
            if day == last {
                newest.push((model.reference.model.clone(), done));
            }
        }
    }
    Ok(newest)
}

/// The last day that is finished.
pub(super) fn last_finished(now: DateTime<Utc>) -> NaiveDate {
    let day = (now - LATE).date_naive();
    day.pred_opt().unwrap_or(day)
}

/// What is kept of a model.
///
/// # Errors
/// In words, where the database cannot be asked.
pub(super) async fn kept(
    parts: &EnvironmentParts,
    model: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<KeptDay>, String> {
    let rows = parts.database.drift_days(parts.name(), model, from, to).await.map_err(words)?;
    Ok(rows.iter().filter_map(KeptDay::read).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "to be given to map_err")]
fn words(error: StoreError) -> String {
    error.to_string()
}

/// Today, counted as far as it has gone.
pub(super) struct Today {
    cursor: Cursor,
    watched: Vec<Watched>,
    /// Rows that were kept, by the same order.
    kept: Vec<Option<u64>>,
}

impl Today {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { cursor: Cursor::new(now.date_naive()), watched: Vec::new(), kept: Vec::new() }
    }

    /// Counts what has come since, and keeps what changed. Another day, or other models, begin anew.
    ///
    /// # Errors
    /// In words, where the database cannot be asked.
    pub(super) async fn go_on(
        &mut self,
        parts: &EnvironmentParts,
        references: &[Reference],
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let same = self.watched.len() == references.len()
            && self
                .watched
                .iter()
                .zip(references)
                .all(|(watched, reference)| watched.reference == *reference);
        if !same || self.cursor.day != now.date_naive() {
            *self = Self::new(now);
            self.watched = references.iter().cloned().map(Watched::new).collect();
            self.kept = vec![None; references.len()];
        }
        read_day(&*parts.database, &mut self.watched, &mut self.cursor, now - SETTLES)
            .await
            .map_err(words)?;
        for (watched, kept) in self.watched.iter().zip(&mut self.kept) {
            if *kept != Some(watched.tally.rows) {
                let day = KeptDay { day: watched.measured(&self.cursor, false), told_at: None };
                day.keep(parts, now).await?;
                *kept = Some(watched.tally.rows);
            }
        }
        Ok(())
    }
}
