//! From the prediction log into the archive, for what the archive lacks.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use bellwether_core::prediction::LogRecord;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use uuid::Uuid;

use super::keys::Pages;
use super::object::{ENDING, by_hour, compressed, decompressed, lines};
use super::prune::PruneError;
use super::{ArchiveError, ArchiveOperation, ArchiveStore};
use crate::PredictionLog;

/// Records of the log that are looked at together; no more than these are in one object.
const PAGE: u32 = 5_000;
/// Objects read at once.
const CONCURRENCY: usize = 8;

/// Makes sure that every prediction that the log has from a time is in the archive; answers how many were not, and are
/// now, in objects named `log-<first uid>-<last uid>.ndjson.zst`. Repeating it writes nothing anew. Reads every object
/// of these hours, and holds the uids of one or two of them. For times whose journals have been delivered: what a
/// journal delivers afterwards would be there twice. `progress` is told how many predictions have been looked at.
///
/// # Errors
/// [`PruneError`]; what was written by then stays.
pub async fn archive_missing(
    log: &dyn PredictionLog,
    store: &dyn ArchiveStore,
    time: Range<DateTime<Utc>>,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<u64, PruneError> {
    let mut archived = Archived { store, hours: BTreeMap::new() };
    let (mut after, mut seen, mut written) = (None, 0, 0);
    loop {
        let records = log.between(time.start, time.end, after, PAGE).await?;
        let Some(last) = records.last() else { return Ok(written) };
        after = Some(last.uid());
        let hours = by_hour(&records, |record| record);
        archived.forget_others(hours.keys());
        for (folder, records) in hours {
            written += archived.complete(&folder, &records).await?;
        }
        seen += records.len() as u64;
        progress(seen);
    }
}

/// What is in the archive, by the folders of hours under way.
struct Archived<'a> {
    store: &'a dyn ArchiveStore,
    hours: BTreeMap<String, HashSet<Uuid>>,
}

impl Archived<'_> {
    fn forget_others<'k>(&mut self, kept: impl Iterator<Item = &'k String>) {
        let kept: HashSet<_> = kept.collect();
        self.hours.retain(|folder, _| kept.contains(folder));
    }

    /// Writes those records that the folder lacks; answers how many.
    async fn complete(&mut self, folder: &str, records: &[&LogRecord]) -> Result<u64, ArchiveError> {
        if !self.hours.contains_key(folder) {
            self.hours.insert(folder.to_owned(), uids(self.store, folder).await?);
        }
        let Some(there) = self.hours.get_mut(folder) else { return Ok(0) };
        let missing: Vec<_> = records.iter().filter(|record| !there.contains(&record.uid())).collect();
        let (Some(first), Some(last)) = (missing.first(), missing.last()) else { return Ok(0) };
        let key = format!("{folder}/log-{}-{}{ENDING}", first.uid(), last.uid());
        let failed = |error: String| ArchiveError::new(ArchiveOperation::Put, &key, error);
        let mut text = Vec::new();
        for record in &missing {
            serde_json::to_writer(&mut text, record).map_err(|_| failed("a record is no JSON".to_owned()))?;
            text.push(b'\n');
        }
        self.store.put(&key, compressed(text).await.map_err(failed)?).await?;
        there.extend(missing.iter().map(|record| record.uid()));
        Ok(missing.len() as u64)
    }
}

/// The uids of every record in a folder.
async fn uids(store: &dyn ArchiveStore, folder: &str) -> Result<HashSet<Uuid>, ArchiveError> {
    let mut uids = HashSet::new();
    let mut pages = Pages::new(store, folder);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(uids);
        }
        // A loop: a stream over closures that borrow would not be Send for a task of its own.
        let mut reads = Vec::with_capacity(page.len());
        for key in &page {
            if key.ends_with(ENDING) {
                reads.push(uids_in(store, key));
            }
        }
        let mut read = stream::iter(reads).buffer_unordered(CONCURRENCY);
        while let Some(found) = read.try_next().await? {
            uids.extend(found);
        }
    }
}

/// Of a record, what it is known by.
#[derive(Deserialize)]
struct Known {
    output: KnownAnswer,
}

#[derive(Deserialize)]
struct KnownAnswer {
    uid: Uuid,
}

async fn uids_in(store: &dyn ArchiveStore, key: &str) -> Result<Vec<Uuid>, ArchiveError> {
    let Some(bytes) = store.get(key).await? else { return Ok(Vec::new()) };
    let text = decompressed(bytes).await;
    let text = text.map_err(|error| ArchiveError::new(ArchiveOperation::Get, key, error))?;
    // A line that cannot be read counts as absent: its record is written once more.
    let known = lines(&text).filter_map(|line| serde_json::from_slice::<Known>(line).ok());
    Ok(known.map(|record| record.output.uid).collect())
}
