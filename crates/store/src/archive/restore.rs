//! From the archive into the prediction log, for a database that was lost or restored to an older state.

use bellwether_core::prediction::LogRecord;
use chrono::NaiveDate;

use super::keys::Pages;
use super::object::{ENDING, day_of, decompressed, lines};
use super::prune::PruneError;
use super::{ArchiveError, ArchiveOperation, ArchiveStore};
use crate::{PredictionLog, StoreError};

/// Records that are inserted together.
const BATCH: usize = 500;

/// What was brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Predictions that were read.
    pub read: u64,
    /// Those of them that the log lacked, and has now.
    pub inserted: u64,
    /// Keys of the objects that cannot be read whole, in their order. Nothing of what is in them was inserted.
    pub unreadable: Vec<String>,
}

/// Inserts every archived prediction of an environment from the day `from` (UTC) on that the log does not have. May be
/// stopped and repeated; what the log has stays as it is. It orders no email. An object that cannot be read whole is
/// passed over and named in [`Restored::unreadable`], for a repetition would meet it again and never get beyond it.
/// `progress` is told the day under way and what was done so far.
///
/// # Errors
/// [`PruneError`], if the log or the archive is away; what was inserted by then stays.
pub async fn restore_log(
    log: &dyn PredictionLog,
    store: &dyn ArchiveStore,
    environment: &str,
    from: NaiveDate,
    progress: &(dyn Fn(NaiveDate, &Restored) + Send + Sync),
) -> Result<Restored, PruneError> {
    let mut restored = Restored::default();
    let mut pages = Pages::new(store, environment);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(restored);
        }
        for key in page.iter().filter(|key| key.ends_with(ENDING)) {
            let Some(day) = day_of(key).filter(|day| *day >= from) else { continue };
            if let Ok(records) = records_in(store, key).await {
                insert(log, &records, &mut restored).await?;
            } else {
                // It is the object's own fault only where the archive answers otherwise.
                store.list(environment, Some(key)).await?;
                restored.unreadable.push(key.clone());
            }
            progress(day, &restored);
        }
    }
}

async fn insert(
    log: &dyn PredictionLog,
    records: &[LogRecord],
    restored: &mut Restored,
) -> Result<(), StoreError> {
    for records in records.chunks(BATCH) {
        restored.inserted += log.insert(records).await?;
        restored.read += records.len() as u64;
    }
    Ok(())
}

async fn records_in(store: &dyn ArchiveStore, key: &str) -> Result<Vec<LogRecord>, ArchiveError> {
    let failed = |error: String| ArchiveError::new(ArchiveOperation::Get, key, error);
    // One that went since it was listed was erased, or is past its retention.
    let Some(bytes) = store.get(key).await? else { return Ok(Vec::new()) };
    let text = decompressed(bytes).await.map_err(failed)?;
    let records = lines(&text).map(serde_json::from_slice);
    // serde's words may quote a client.
    records.collect::<Result<_, _>>().map_err(|_| failed("a line is no record this build reads".to_owned()))
}
