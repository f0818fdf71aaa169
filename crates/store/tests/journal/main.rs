//! The journal on real files: what was acknowledged is there, whatever happens next.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../builders/mod.rs"]
mod builders;
mod copies;
mod full;
mod killed;

use std::path::PathBuf;
use std::sync::Arc;

use bellwether_core::prediction::LogRecord;
use bellwether_store::journal::{Journal, JournalError, JournalOptions, JournalSync};
use futures_util::future::join_all;
use tempfile::TempDir;

use builders::{record, records};

fn place() -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (folder.path().join("deep/down/journal.db"), folder)
}

async fn filled(count: u32) -> (Journal, PathBuf, TempDir) {
    let (path, folder) = place();
    let journal = Journal::open(&path, JournalOptions::default()).await.unwrap();
    for record in records(count) {
        journal.append(&record).await.unwrap();
    }
    (journal, path, folder)
}

#[tokio::test]
async fn entries_are_read_back_in_order_and_equal() {
    let (journal, _path, _folder) = filled(5).await;
    let entries = journal.read(0, 10).await.unwrap();
    let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    for (entry, record) in entries.iter().zip(records(5)) {
        assert_eq!(entry.record, record);
        assert_eq!(entry.raw, serde_json::to_string(&record).unwrap());
    }
    let seqs: Vec<_> = journal.read(2, 2).await.unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [3, 4]);
    assert!(journal.read(5, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appenders_are_all_there_once_in_both_sync_modes() {
    for sync in [JournalSync::Os, JournalSync::Disk] {
        let (path, _folder) = place();
        let options = JournalOptions { sync, ..JournalOptions::default() };
        let journal = Arc::new(Journal::open(&path, options).await.unwrap());
        let callers = (0..256_u32).map(|caller| {
            let journal = journal.clone();
            tokio::spawn(async move {
                for n in 0..4 {
                    journal.append(&record(caller * 4 + n)).await.unwrap();
                }
            })
        });
        join_all(callers).await;
        let entries = journal.read(0, 10_000).await.unwrap();
        let mut uids: Vec<_> = entries.iter().map(|entry| entry.record.uid()).collect();
        uids.sort_unstable();
        let expected: Vec<_> = records(1024).iter().map(LogRecord::uid).collect();
        assert_eq!(uids, expected);
        assert_eq!(journal.last(), 1024);
    }
}

#[tokio::test]
async fn a_second_opening_is_refused_and_names_the_holder() {
    let (journal, path, _folder) = filled(1).await;
    let refused = Journal::open(&path, JournalOptions::default()).await.err().unwrap();
    assert!(matches!(refused, JournalError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    journal.close().await.unwrap();
    Journal::open(&path, JournalOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/journal.db");
    let refused = Journal::open(&path, JournalOptions::default()).await.err().unwrap();
    assert!(matches!(refused, JournalError::Unwritable { .. }), "{refused:?}");
    assert!(refused.to_string().contains("file/journal.db"), "{refused}");
}

#[tokio::test]
async fn reopening_continues_id_seqs_and_cursors() {
    let (journal, path, _folder) = filled(3).await;
    journal.register("a").await.unwrap();
    journal.advance("a", 3).await.unwrap();
    assert_eq!(journal.trim().await.unwrap(), 3);
    let id = journal.id().to_owned();
    journal.close().await.unwrap();
    assert!(matches!(journal.append(&record(9)).await, Err(JournalError::Closed)));

    let journal = Journal::open(&path, JournalOptions::default()).await.unwrap();
    assert_eq!(journal.id(), id);
    assert_eq!(journal.cursor("a").await.unwrap(), 3);
    assert_eq!(journal.last(), 3);
    journal.append(&record(3)).await.unwrap();
    let entries = journal.read(0, 10).await.unwrap();
    assert_eq!((entries.len(), entries[0].seq), (1, 4));
    assert_eq!(journal.register("a").await.unwrap(), 3);
    assert_eq!(journal.depth("a"), 1);
}

#[tokio::test]
async fn trimming_deletes_only_what_every_registered_sink_has_passed() {
    let (journal, _path, _folder) = filled(600).await;
    assert_eq!(journal.trim().await.unwrap(), 0, "nobody is registered");
    journal.register("fast").await.unwrap();
    journal.register("slow").await.unwrap();
    journal.advance("fast", 600).await.unwrap();
    assert_eq!(journal.trim().await.unwrap(), 0, "slow has passed nothing");
    journal.advance("slow", 550).await.unwrap();
    journal.advance("slow", 20).await.unwrap();
    assert_eq!(journal.cursor("slow").await.unwrap(), 550, "a cursor never goes back");
    assert_eq!(journal.trim().await.unwrap(), 550);
    let seqs: Vec<_> = journal.read(0, 1_000).await.unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (551..=600).collect::<Vec<_>>());
    assert_eq!((journal.depth("fast"), journal.depth("slow")), (0, 50));
    assert_eq!(journal.oldest("fast").await.unwrap(), None);
    let oldest = journal.oldest("slow").await.unwrap().unwrap();
    assert_eq!(oldest.timestamp_millis(), record(550).logging_timestamp.timestamp_millis());
    assert_eq!(journal.oldest_of_all().await.unwrap(), Some(oldest), "the slowest decides");
    journal.advance("slow", 600).await.unwrap();
    assert_eq!(journal.oldest_of_all().await.unwrap(), None);
}

#[tokio::test]
async fn a_full_journal_refuses_and_takes_again_after_trimming() {
    let (path, _folder) = place();
    let options = JournalOptions { max_bytes: 1 << 20, ..JournalOptions::default() };
    let journal = Journal::open(&path, options).await.unwrap();
    journal.register("a").await.unwrap();
    let mut kept = 0;
    let refused = loop {
        match journal.append(&record(kept)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::Full(_)), "{refused:?}");
    assert!(kept > 100, "{kept}");
    assert_eq!(journal.read(0, 10_000).await.unwrap().len(), kept as usize);
    let reason = "reason ".repeat(2_000);
    journal.park("a", 1, &reason, builders::morning()).await.expect("parking has room of its own");
    journal.advance("a", u64::from(kept)).await.unwrap();
    journal.trim().await.unwrap();
    journal.append(&record(kept)).await.unwrap();
    assert_eq!(journal.read(0, 10).await.unwrap()[0].record, record(kept));
}

#[tokio::test]
async fn too_many_waiting_appends_are_refused_at_once() {
    let (path, _folder) = place();
    let options = JournalOptions { queue: 2, ..JournalOptions::default() };
    let journal = Journal::open(&path, options).await.unwrap();
    let all = records(50);
    // On one thread no commit can happen before all of them have asked.
    let outcomes = join_all(all.iter().map(|record| journal.append(record))).await;
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(taken, 2);
    assert!(
        outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|error| matches!(error, JournalError::Busy))
    );
    assert_eq!(journal.read(0, 100).await.unwrap().len(), taken);
}

#[tokio::test]
async fn an_append_is_announced() {
    let (journal, _path, _folder) = filled(0).await;
    let mut appended = journal.appended();
    journal.append(&record(1)).await.unwrap();
    appended.changed().await.unwrap();
    assert_eq!(*appended.borrow(), 1);
}

#[tokio::test]
async fn a_journal_that_is_dropped_frees_its_place() {
    let (journal, path, _folder) = filled(2).await;
    drop(journal);
    let journal = loop {
        match Journal::open(&path, JournalOptions::default()).await {
            Ok(journal) => break journal,
            Err(JournalError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(journal.last(), 2);
}

#[tokio::test]
async fn the_write_ahead_log_stays_bounded_while_appends_never_pause() {
    let (path, _folder) = place();
    let options = JournalOptions { log_bytes: 2 << 20, ..JournalOptions::default() };
    let journal = Arc::new(Journal::open(&path, options).await.unwrap());
    let callers = (0..16_u32).map(|caller| {
        let journal = journal.clone();
        tokio::spawn(async move {
            for n in 0..500 {
                journal.append(&record(caller * 500 + n)).await.unwrap();
            }
        })
    });
    join_all(callers).await;
    let file = std::fs::metadata(&path).unwrap().len();
    let log = std::fs::metadata(path.with_file_name("journal.db-wal")).unwrap().len();
    assert!(file > 10 << 20 && log < 5 << 20, "{file} {log}");
}
