//! From the journal into the archive.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::ArchiveStore;
use super::object::{ENDING, by_hour, compressed};
use crate::journal::Entry;
use crate::relay::{Batching, Sink, SinkError};

/// Delivers journal entries to an archive, as
/// `<environment>/dt=YYYY-MM-DD/hour=HH/<journal id>-<first seq>-<last seq>-<last uid>.ndjson.zst` by the hour (UTC) of
/// the record's `logging_timestamp`. The relay repeats a batch with the same entries, and so an object that
/// was written before a crash is written over by itself: each record is in the archive once.
///
/// A journal that was restored from a backup gives places anew that were given before. The last record's uid keeps its
/// objects from being written over those of its first life: journals that have the same record at the same place are
/// the same up to there.
pub struct ArchiveSink {
    store: Arc<dyn ArchiveStore>,
    journal_id: String,
    batching: Batching,
}

impl ArchiveSink {
    /// A sink that fills `store` from the journal of that id, with 1,000 records to a batch, or what a
    /// minute brings.
    pub fn new(store: Arc<dyn ArchiveStore>, journal_id: &str) -> Self {
        Self::with_batches(store, journal_id, 1_000, Duration::from_secs(60))
    }

    /// As [`ArchiveSink::new`], with batches of `records` or what `wait` brings.
    pub fn with_batches(
        store: Arc<dyn ArchiveStore>,
        journal_id: &str,
        records: usize,
        wait: Duration,
    ) -> Self {
        Self {
            store,
            journal_id: journal_id.to_owned(),
            batching: Batching { limit: records.max(1), linger: wait, fixed: true },
        }
    }

    /// Splits a batch into objects: their keys, and their lines.
    fn objects(&self, entries: &[Entry]) -> Vec<(String, Vec<u8>)> {
        let hours = by_hour(entries, |entry| &entry.record);
        let objects = hours.into_iter().map(|(folder, entries)| {
            let first = entries.first().map_or(0, |entry| entry.seq);
            let (last, uid) = entries.last().map_or((0, Uuid::nil()), |last| (last.seq, last.record.uid()));
            let lines = entries.iter().flat_map(|entry| [entry.raw.as_bytes(), b"\n"]);
            let key = format!("{folder}/{}-{first}-{last}-{uid}{ENDING}", self.journal_id);
            (key, lines.collect::<Vec<_>>().concat())
        });
        objects.collect()
    }

    async fn put(&self, key: &str, lines: Vec<u8>) -> Result<(), SinkError> {
        let bytes = compressed(lines).await.map_err(SinkError::Later)?;
        let outcome = self.store.put(key, bytes).await;
        let told = if outcome.is_ok() { "written" } else { "failed" };
        metrics::counter!("bellwether_archive_put_total", "outcome" => told).increment(1);
        outcome.map_err(|error| SinkError::Later(error.reason()))
    }
}

#[async_trait]
impl Sink for ArchiveSink {
    fn name(&self) -> &'static str {
        "archive"
    }

    fn batching(&self) -> Batching {
        self.batching
    }

    async fn deliver(&self, entries: &[Entry]) -> Result<(), SinkError> {
        for (key, lines) in self.objects(entries) {
            self.put(&key, lines).await?;
        }
        Ok(())
    }
}
