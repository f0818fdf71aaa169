//! Lets go of old days of the prediction log, once the archive has them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::backfill::archive_missing;
use super::{ArchiveError, ArchiveStore};
use crate::{PredictionLog, StoreError};

/// What pruning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Predictions that the archive lacked, and has now.
    pub archived: u64,
    /// Predictions dropped from the log, as far as its engine can tell.
    pub dropped: u64,
}

/// Why pruning, or what else moves between log and archive, stopped.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The log cannot be read or dropped from.
    #[error(transparent)]
    Log(#[from] StoreError),
    /// The archive cannot take what it lacks: the log keeps it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Drops the days (UTC) before `before` from the log, the oldest first, each after making sure that the archive has
/// every prediction of it; without an archive they are dropped all the same. May be stopped and repeated at any time.
/// `progress` is told the day under way and how many of its predictions have been looked at.
///
/// # Errors
/// [`PruneError`]; nothing is dropped that the archive lacks.
pub async fn prune(
    log: &dyn PredictionLog,
    archive: Option<&dyn ArchiveStore>,
    before: NaiveDate,
    progress: &(dyn Fn(NaiveDate, u64) + Send + Sync),
) -> Result<Pruned, PruneError> {
    let mut pruned = Pruned::default();
    let Some(archive) = archive else {
        pruned.dropped = log.drop_before(midnight(before)).await?;
        return Ok(pruned);
    };
    let Some(oldest) = log.oldest().await? else { return Ok(pruned) };
    for day in oldest.date_naive().iter_days().take_while(|day| *day < before) {
        let end = midnight(day + Days::new(1));
        // From the very beginning: whatever is dropped next has been looked at, also what came late.
        let seen = |seen| progress(day, seen);
        pruned.archived += archive_missing(log, archive, DateTime::UNIX_EPOCH..end, &seen).await?;
        pruned.dropped += log.drop_before(end).await?;
    }
    Ok(pruned)
}

/// The first moment of a day.
fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
