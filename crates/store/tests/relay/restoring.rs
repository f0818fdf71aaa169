//! After a disaster: a journal from a backup goes on into the archive of its first life, and the archive fills a log.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::prediction::LogRecord;
use bellwether_store::PredictionLog as _;
use bellwether_store::archive::{
    ArchiveSink, ArchiveStore as _, FolderArchive, PruneError, Restored, restore_log,
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
    assert_eq!(restored, Restored { read: 30, inserted: 30 }, "of the second day only");
    let first = morning().date_naive();
    let restored = restore_log(&log, &archive, "stage", first, &|_, _| {}).await.unwrap();
    // Of the first ten, each second was in the archive.
    assert_eq!(restored, Restored { read: 60, inserted: 25 });
    let restored = restore_log(&log, &archive, "stage", first, &|_, _| {}).await.unwrap();
    assert_eq!(restored, Restored { read: 60, inserted: 0 }, "a repetition changes nothing");
    assert_eq!(log.count().await.unwrap(), 65);
    assert_eq!(log.find(all[40].uid()).await.unwrap().as_ref(), Some(&all[40]), "whole");
    assert_eq!(restore_log(&log, &archive, "prod", first, &|_, _| {}).await.unwrap(), Restored::default());
}

#[tokio::test]
async fn an_object_that_cannot_be_read_ends_a_restoring_rather_than_being_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive) = (sqlite(&folder).await, FolderArchive::new(folder.path().join("archive")));
    let lines = format!("{}\nnot a record\n", serde_json::to_string(&record(0)).unwrap());
    let key = format!("stage/{}/j-1-2.ndjson.zst", morning().format("dt=%Y-%m-%d/hour=09"));
    archive.put(&key, zstd::encode_all(lines.as_bytes(), 3).unwrap()).await.unwrap();
    let failed = restore_log(&log, &archive, "stage", morning().date_naive(), &|_, _| {}).await;
    assert!(matches!(failed, Err(PruneError::Archive(_))));
    assert_eq!(log.count().await.unwrap(), 0);
}
