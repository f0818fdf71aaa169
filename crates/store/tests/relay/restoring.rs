//! After a disaster: a journal from a backup goes on into the archive of its first life, and the archive fills a log.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use bellwether_store::PredictionLog as _;
use bellwether_store::archive::{
    ArchiveError, ArchiveOperation, ArchiveSink, ArchiveStore, FolderArchive, PruneError, Restored,
    restore_log,
};
use bellwether_store::journal::{Journal, JournalOptions, back_up, restore};
use bellwether_store::relay::Relay;
use chrono::Days;
use uuid::Uuid;

use crate::builders::{morning, record, records};
use crate::pruning::{archived, log_and_archive, sqlite};
use crate::{fill, journal, options};

/// Everything into the archive, in one batch.
async fn archive_all(journal: &Arc<Journal>, archive: &FolderArchive) {
    let sink =
        ArchiveSink::with_batches(Arc::new(archive.clone()), journal.id(), 1_000, Duration::from_secs(60));
    let relay = Relay::spawn(journal.clone(), vec![Arc::new(sink)], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_secs(60)).await.left, []);
}

/// What a restoring says that met nothing it cannot read.
fn whole(read: u64, inserted: u64) -> Restored {
    Restored { read, inserted, unreadable: Vec::new() }
}

/// So many records, each in an object of its own hour; their keys in order.
async fn put_by_hours(archive: &FolderArchive, count: u32) -> Vec<String> {
    let mut keys = Vec::new();
    for n in 0..count {
        let key = format!("stage/{}/hour={n:02}/j-1-2.ndjson.zst", morning().format("dt=%Y-%m-%d"));
        let line = serde_json::to_string(&record(n)).unwrap();
        archive.put(&key, zstd::encode_all(line.as_bytes(), 3).unwrap()).await.unwrap();
        keys.push(key);
    }
    keys
}

#[tokio::test]
async fn a_journal_from_a_backup_writes_over_no_object_of_its_first_life() {
    let (first, path, folder) = journal().await;
    let archive = FolderArchive::new(folder.path().join("archive"));
    fill(&first, 0..5).await;
    let copy = folder.path().join("copy.sqlite");
    back_up(&path, &copy).await.unwrap();
    fill(&first, 5..10).await;
    archive_all(&first, &archive).await;
    first.close().await.unwrap();
    // The disk is lost, and with it that ten entries were given places and archived. The copy knows of five, and gives
    // five more the same places.
    let new = folder.path().join("new.sqlite");
    restore(&copy, &new).await.unwrap();
    let second = Arc::new(Journal::open(&new, JournalOptions::default()).await.unwrap());
    fill(&second, 10..15).await;
    assert_eq!(second.last(), 10);
    archive_all(&second, &archive).await;
    assert_eq!(archive.list("stage", None).await.unwrap().len(), 2, "an object of each life");
    let all: HashSet<Uuid> = archived(&archive).await.iter().map(LogRecord::uid).collect();
    assert_eq!(all, records(15).iter().map(LogRecord::uid).collect(), "each record of both lives");
}

#[tokio::test]
async fn the_archive_fills_a_log_with_what_it_lacks_and_with_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (_lost, archive, all) = log_and_archive(&folder).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let log = sqlite(&elsewhere).await;
    // An older backup of the log had this much.
    log.insert(&all[..10]).await.unwrap();
    let second = morning().date_naive() + Days::new(1);
    let restored = restore_log(&log, &archive, "stage", second, &|_, _| {}).await.unwrap();
    assert_eq!(restored, whole(30, 30), "of the second day only");
    let first = morning().date_naive();
    let restored = restore_log(&log, &archive, "stage", first, &|_, _| {}).await.unwrap();
    // Of the first ten, each second was in the archive.
    assert_eq!(restored, whole(60, 25));
    let restored = restore_log(&log, &archive, "stage", first, &|_, _| {}).await.unwrap();
    assert_eq!(restored, whole(60, 0), "a repetition changes nothing");
    assert_eq!(log.count().await.unwrap(), 65);
    assert_eq!(log.find(all[40].uid()).await.unwrap().as_ref(), Some(&all[40]), "whole");
    assert_eq!(restore_log(&log, &archive, "prod", first, &|_, _| {}).await.unwrap(), Restored::default());
}

/// One whose object `spoilt` cannot be got, as one that was moved where none may read it; then, if told so, away.
struct Refuses {
    archive: FolderArchive,
    spoilt: String,
    away: bool,
}

#[async_trait]
impl ArchiveStore for Refuses {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.archive.put(key, bytes).await
    }
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        if key == self.spoilt {
            return Err(ArchiveError::new(ArchiveOperation::Get, key, "refused"));
        }
        self.archive.get(key).await
    }
    async fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<String>, ArchiveError> {
        if self.away && after.is_some() {
            return Err(ArchiveError::new(ArchiveOperation::List, folder, "away"));
        }
        self.archive.list(folder, after).await
    }
    async fn delete(&self, key: &str) -> Result<(), ArchiveError> {
        self.archive.delete(key).await
    }
}

#[tokio::test]
async fn objects_that_cannot_be_read_are_named_and_keep_none_of_the_others_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive) = (sqlite(&folder).await, FolderArchive::new(folder.path().join("archive")));
    let keys = put_by_hours(&archive, 5).await;
    let good = archive.get(&keys[1]).await.unwrap().unwrap();
    archive.put(&keys[1], good[..good.len() / 2].to_vec()).await.unwrap();
    let lines = format!("{}\nnot a record\n", serde_json::to_string(&record(2)).unwrap());
    archive.put(&keys[2], zstd::encode_all(lines.as_bytes(), 3).unwrap()).await.unwrap();
    let store = Refuses { archive: archive.clone(), spoilt: keys[3].clone(), away: false };
    let from = morning().date_naive();
    let restored = restore_log(&log, &store, "stage", from, &|_, _| {}).await.unwrap();
    assert_eq!(restored, Restored { read: 2, inserted: 2, unreadable: keys[1..4].to_vec() });
    let uids: Vec<Uuid> = log.recent(10).await.unwrap().iter().map(LogRecord::uid).collect();
    assert_eq!(uids, [record(4).uid(), record(0).uid()], "of a spoilt object nothing, of the others all");

    archive.put(&keys[1], good).await.unwrap();
    let restored = restore_log(&log, &archive, "stage", from, &|_, _| {}).await.unwrap();
    assert_eq!(restored, Restored { read: 4, inserted: 2, unreadable: vec![keys[2].clone()] }, "put right");
}

#[tokio::test]
async fn an_archive_that_goes_away_ends_a_restoring_rather_than_being_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive) = (sqlite(&folder).await, FolderArchive::new(folder.path().join("archive")));
    let keys = put_by_hours(&archive, 3).await;
    let store = Refuses { archive, spoilt: keys[1].clone(), away: true };
    let failed = restore_log(&log, &store, "stage", morning().date_naive(), &|_, _| {}).await;
    assert!(matches!(failed, Err(PruneError::Archive(_))));
    assert_eq!(log.count().await.unwrap(), 1, "what was inserted by then stays");
}
