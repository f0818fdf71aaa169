//! From the journal into the archive.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use bellwether_store::archive::{ArchiveError, ArchiveSink, ArchiveStore, FolderArchive};
use bellwether_store::journal::{Journal, JournalOptions};
use bellwether_store::relay::{Relay, Sink};
use chrono::TimeDelta;

use crate::builders::{morning, record, records};
use crate::{fill, journal, options};

const LONG: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn objects(root: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn read(object: &Path) -> Vec<LogRecord> {
    let lines = zstd::decode_all(std::fs::File::open(object).unwrap()).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn objects_are_named_by_hour_and_range_and_hold_each_record_once() {
    let (journal, _path, folder) = journal().await;
    let root = folder.path().join("archive");
    for n in 0..25_u32 {
        let mut record = record(n);
        // Every fifth answered half an hour later, in the next hour.
        if n % 5 == 4 {
            record.logging_timestamp += TimeDelta::minutes(45);
        }
        journal.append(&record).await.unwrap();
    }
    let sink = ArchiveSink::with_batches(Arc::new(FolderArchive::new(&root)), journal.id(), 10, HOUR);
    let relay = Relay::spawn(journal.clone(), vec![Arc::new(sink)], options()).await.unwrap();
    assert_eq!(relay.drain(LONG).await.left, []);
    let names = objects(&root);
    let day = morning().format("%Y-%m-%d");
    let object = |hour: &str, range: &str| {
        let last: u32 = range.rsplit('-').next().unwrap().parse().unwrap();
        let uid = record(last - 1).uid();
        root.join(format!("stage/dt={day}/hour={hour}/{}-{range}-{uid}.ndjson.zst", journal.id()))
    };
    let mut expected = vec![
        object("09", "1-9"),
        object("09", "11-19"),
        object("09", "21-24"),
        object("10", "5-10"),
        object("10", "15-20"),
        object("10", "25-25"),
    ];
    expected.sort();
    assert_eq!(names, expected);
    let mut uids: Vec<_> = names.iter().flat_map(|name| read(name)).map(|record| record.uid()).collect();
    uids.sort_unstable();
    assert_eq!(uids, records(25).iter().map(LogRecord::uid).collect::<Vec<_>>());
}

/// Writes, and then fails: as a process does that dies before it has noted its success.
struct DiesAfterwards(FolderArchive, AtomicBool, tokio::sync::Notify);

#[async_trait]
impl ArchiveStore for DiesAfterwards {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.0.put(key, bytes).await?;
        self.1.store(true, Ordering::SeqCst);
        self.2.notify_one();
        std::future::pending().await
    }
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.0.get(key).await
    }
    async fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<String>, ArchiveError> {
        self.0.list(folder, after).await
    }
    async fn delete(&self, key: &str) -> Result<(), ArchiveError> {
        self.0.delete(key).await
    }
}

#[tokio::test]
async fn a_crash_between_write_and_cursor_repeats_the_same_object() {
    let (journal, path, folder) = journal().await;
    let root = folder.path().join("archive");
    fill(&journal, 0..5).await;
    let dying = Arc::new(DiesAfterwards(
        FolderArchive::new(&root),
        AtomicBool::new(false),
        tokio::sync::Notify::new(),
    ));
    let sink = ArchiveSink::with_batches(dying.clone(), journal.id(), 1_000, Duration::from_millis(1));
    let relay = Relay::spawn(journal.clone(), vec![Arc::new(sink)], options()).await.unwrap();
    dying.2.notified().await;
    // Stopped on the way, with the object written and the cursor where it was.
    drop(relay);
    fill(&journal, 5..12).await;
    journal.close().await.unwrap();
    assert_eq!(objects(&root).len(), 1);

    let journal = Arc::new(Journal::open(&path, JournalOptions::default()).await.unwrap());
    // A limit that was lowered since must not change the range either.
    let sink = ArchiveSink::with_batches(Arc::new(FolderArchive::new(&root)), journal.id(), 3, HOUR);
    let relay =
        Relay::spawn(journal.clone(), vec![Arc::new(sink) as Arc<dyn Sink>], options()).await.unwrap();
    assert_eq!(relay.drain(LONG).await.left, []);
    let mut uids: Vec<_> =
        objects(&root).iter().flat_map(|name| read(name)).map(|record| record.uid()).collect();
    uids.sort_unstable();
    assert_eq!(uids, records(12).iter().map(LogRecord::uid).collect::<Vec<_>>());
}
