//! A journal's copy: whole, of one moment, made while the journal is written; and the way back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bellwether_store::journal::{
    Contents, Journal, JournalError, JournalOptions, Pending, back_up, contents, restore,
};

use chrono::DateTime;

use crate::builders::{morning, record};
use crate::{filled, place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_the_journal_is_written_has_every_entry_from_before_and_no_gap() {
    let (path, folder) = place();
    // So small a log is checkpointed all the time.
    let options = JournalOptions { log_bytes: 1 << 16, ..JournalOptions::default() };
    let journal = Arc::new(Journal::open(&path, options).await.unwrap());
    let appended = Arc::new(AtomicU32::new(0));
    let writer = tokio::spawn({
        let (journal, appended) = (journal.clone(), appended.clone());
        async move {
            for n in 0..3_000 {
                journal.append(&record(n)).await.unwrap();
                appended.store(n + 1, Ordering::Release);
            }
        }
    });
    for n in 0..5 {
        let before = appended.load(Ordering::Acquire);
        let copy = folder.path().join(format!("copy-{n}.sqlite"));
        let copied = back_up(&path, &copy).await.unwrap();
        let opened = Journal::open(&copy, JournalOptions::default()).await.unwrap();
        let seqs: Vec<_> = opened.read(0, 10_000).await.unwrap().iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=copied.last).collect::<Vec<_>>(), "no gap");
        assert!(copied.last >= before.into(), "what was acknowledged before is in it");
        assert_eq!((opened.last(), opened.id()), (copied.last, journal.id()));
        opened.close().await.unwrap();
    }
    writer.await.unwrap();
    journal.close().await.unwrap();
}

#[tokio::test]
async fn a_copy_keeps_how_far_each_sink_has_come_and_what_was_set_aside() {
    let (journal, path, folder) = filled(5).await;
    for (sink, seq) in [("database", 4), ("archive", 2)] {
        journal.register(sink).await.unwrap();
        journal.advance(sink, seq).await.unwrap();
    }
    journal.park("database", 3, "a reason", morning()).await.unwrap();
    journal.trim().await.unwrap();
    let copy = folder.path().join("copy.sqlite");
    let copied = back_up(&path, &copy).await.unwrap();
    let pending = |sink: &str, entries| Pending { sink: sink.to_owned(), entries };
    let expected = Contents {
        last: 5,
        entries: 3,
        sinks: vec![pending("archive", 3), pending("database", 1)],
        oldest: DateTime::from_timestamp_millis(record(2).logging_timestamp.timestamp_millis()),
        parked: 1,
    };
    assert_eq!(copied, expected);
    assert_eq!(contents(&path).await.unwrap(), expected, "the journal itself says the same");
    // The disk is lost.
    journal.close().await.unwrap();
    let new = folder.path().join("new/disk/journal.sqlite");
    assert_eq!(restore(&copy, &new).await.unwrap(), expected);
    let restored = Journal::open(&new, JournalOptions::default()).await.unwrap();
    assert_eq!(restored.register("archive").await.unwrap(), 2);
    assert_eq!(restored.parked(10).await.unwrap()[0].reason, "a reason");
    restored.append(&record(5)).await.unwrap();
    assert_eq!(restored.last(), 6);
}

#[tokio::test]
async fn nothing_is_restored_over_a_journal_or_what_is_left_of_one() {
    let (journal, path, folder) = filled(5).await;
    let copy = folder.path().join("copy.sqlite");
    back_up(&path, &copy).await.unwrap();
    assert!(matches!(back_up(&path, &copy).await, Err(JournalError::Unwritable { .. })), "nor copied over");
    assert!(matches!(restore(&copy, &path).await, Err(JournalError::InUse { .. })));
    journal.close().await.unwrap();
    assert!(matches!(restore(&copy, &path).await, Err(JournalError::Unwritable { .. })));
    std::fs::remove_file(&path).unwrap();
    let log = path.with_file_name("journal.db-wal");
    std::fs::write(&log, "of another file").unwrap();
    let refused = restore(&copy, &path).await;
    assert!(matches!(refused, Err(JournalError::Unwritable { path, .. }) if path == log));
    std::fs::remove_file(&log).unwrap();
    assert_eq!(restore(&copy, &path).await.unwrap().last, 5);
}

#[tokio::test]
async fn what_is_no_whole_journal_is_not_restored() {
    let (journal, path, folder) = filled(200).await;
    let copy = folder.path().join("copy.sqlite");
    back_up(&path, &copy).await.unwrap();
    journal.close().await.unwrap();
    let target = folder.path().join("target.sqlite");
    let whole = std::fs::read(&copy).unwrap();
    let mut scribbled = whole.clone();
    let middle = scribbled.len() / 2;
    scribbled[middle..middle + 8192].fill(0xff);
    for (name, bytes) in
        [("half", &whole[..middle]), ("text", b"a text".as_slice()), ("scribbled", &scribbled)]
    {
        std::fs::write(&copy, bytes).unwrap();
        let refused = restore(&copy, &target).await;
        assert!(matches!(refused, Err(JournalError::Damaged { .. })), "{name}: {refused:?}");
        assert!(!target.exists(), "{name}");
    }
    assert!(matches!(
        restore(&folder.path().join("nowhere"), &target).await,
        Err(JournalError::Unreadable { .. })
    ));
}
