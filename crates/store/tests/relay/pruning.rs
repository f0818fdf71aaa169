//! Old days of the log, which the archive has to have before they go.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::prediction::LogRecord;
use bellwether_store::archive::{ArchiveSink, ArchiveStore as _, FolderArchive, PruneError, Pruned, prune};
use bellwether_store::relay::Relay;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{Database as _, PredictionLog};
use chrono::{Days, TimeDelta};
use uuid::Uuid;

use crate::builders::{morning, record, records};
use crate::{journal, options};

pub(crate) async fn sqlite(folder: &tempfile::TempDir) -> Sqlite {
    let path = folder.path().join("test.db");
    let sqlite = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    sqlite.migrate().await.unwrap();
    sqlite
}

/// The record `n`, so much later, uid and all.
fn later(n: u32, by: TimeDelta) -> LogRecord {
    let mut record = record(n);
    record.logging_timestamp += by;
    let mut bytes = *record.output.uid.as_bytes();
    bytes[..6].copy_from_slice(&record.logging_timestamp.timestamp_millis().to_be_bytes()[2..]);
    record.output.uid = Uuid::from_bytes(bytes);
    record
}

pub(crate) async fn archived(archive: &FolderArchive) -> Vec<LogRecord> {
    let mut all = Vec::new();
    for key in archive.list("stage", None).await.unwrap() {
        let lines = zstd::decode_all(archive.get(&key).await.unwrap().unwrap().as_slice()).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        all.extend(lines.lines().map(|line| serde_json::from_str::<LogRecord>(line).unwrap()));
    }
    all
}

/// Three days of which the archive has, by the relay, every second record of the first two.
pub(crate) async fn log_and_archive(folder: &tempfile::TempDir) -> (Sqlite, FolderArchive, Vec<LogRecord>) {
    let log = sqlite(folder).await;
    let archive = FolderArchive::new(folder.path().join("archive"));
    let mut all = Vec::new();
    for day in 0..3 {
        for hour in 0..3 {
            all.extend((0..20).map(|n| later(n, TimeDelta::days(day) + TimeDelta::hours(hour))));
        }
    }
    log.insert(&all).await.unwrap();
    let (journal, _path, _kept) = journal().await;
    for record in all.iter().take(120).step_by(2) {
        journal.append(record).await.unwrap();
    }
    let sink =
        ArchiveSink::with_batches(Arc::new(archive.clone()), journal.id(), 25, Duration::from_secs(60));
    let relay = Relay::spawn(journal, vec![Arc::new(sink)], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_secs(60)).await.left, []);
    (log, archive, all)
}

#[tokio::test]
async fn a_day_goes_once_the_archive_has_each_of_its_predictions_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive, all) = log_and_archive(&folder).await;
    let third = morning().date_naive() + Days::new(2);
    let days = std::sync::Mutex::new(Vec::new());
    let progress = |day, seen| days.lock().unwrap().push((day, seen));
    let pruned = prune(&log, Some(&archive), third, &progress).await.unwrap();
    assert_eq!(pruned, Pruned { archived: 60, dropped: 120 });
    let (first, second) = (morning().date_naive(), morning().date_naive() + Days::new(1));
    assert_eq!(*days.lock().unwrap(), [(first, 60), (second, 60)]);
    assert_eq!(log.count().await.unwrap(), 60);
    assert_eq!(log.oldest().await.unwrap(), Some(all[120].logging_timestamp));
    let archived = archived(&archive).await;
    let mut sorted = archived.clone();
    sorted.sort_by_key(LogRecord::uid);
    assert_eq!(sorted, all[..120], "each as it was, and once");
    let again = prune(&log, Some(&archive), third, &|_, _| {}).await.unwrap();
    assert_eq!(again, Pruned::default());
}

#[tokio::test]
async fn pruning_that_broke_off_before_the_drop_writes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive, all) = log_and_archive(&folder).await;
    let second = morning().date_naive() + Days::new(1);
    prune(&log, Some(&archive), second, &|_, _| {}).await.unwrap();
    // As it was before the drop, which did not happen.
    log.insert(&all[..60]).await.unwrap();
    let pruned = prune(&log, Some(&archive), second, &|_, _| {}).await.unwrap();
    assert_eq!(pruned, Pruned { archived: 0, dropped: 60 });
    let archived = archived(&archive).await;
    let uids: HashSet<_> = archived.iter().map(LogRecord::uid).collect();
    assert_eq!((archived.len(), uids.len()), (90, 90), "the second day's relayed ones, and all of the first");
}

#[tokio::test]
async fn nothing_is_dropped_while_the_archive_cannot_take_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = sqlite(&folder).await;
    log.insert(&records(10)).await.unwrap();
    // A file stands where its folder should be.
    std::fs::write(folder.path().join("archive"), b"").unwrap();
    let archive = FolderArchive::new(folder.path().join("archive"));
    let tomorrow = morning().date_naive() + Days::new(1);
    let error = prune(&log, Some(&archive), tomorrow, &|_, _| {}).await.unwrap_err();
    assert!(matches!(error, PruneError::Archive(_)), "{error}");
    assert_eq!(log.count().await.unwrap(), 10);
}

#[tokio::test]
async fn without_an_archive_old_days_go_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let log = sqlite(&folder).await;
    log.insert(&records(10)).await.unwrap();
    log.insert(&[later(0, TimeDelta::days(1))]).await.unwrap();
    let tomorrow = morning().date_naive() + Days::new(1);
    assert_eq!(prune(&log, None, tomorrow, &|_, _| {}).await.unwrap(), Pruned { archived: 0, dropped: 10 });
    assert_eq!(log.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_prediction_dated_after_midnight_whose_uid_is_from_before_is_archived_in_its_own_hour() {
    let folder = tempfile::tempdir().unwrap();
    let log = sqlite(&folder).await;
    let archive = FolderArchive::new(folder.path().join("archive"));
    let tomorrow = morning().date_naive() + Days::new(1);
    let mut over = later(0, TimeDelta::minutes(14 * 60 + 30) - TimeDelta::milliseconds(200));
    over.logging_timestamp += TimeDelta::milliseconds(300);
    assert_eq!(over.logging_timestamp.date_naive(), tomorrow);
    log.insert(&[record(1), over.clone()]).await.unwrap();
    let pruned = prune(&log, Some(&archive), tomorrow, &|_, _| {}).await.unwrap();
    assert_eq!(pruned, Pruned { archived: 2, dropped: 2 });
    let keys = archive.list("stage", None).await.unwrap();
    let uid = over.uid();
    assert_eq!(keys[1], format!("stage/dt={tomorrow}/hour=00/log-{uid}-{uid}.ndjson.zst"));
}
