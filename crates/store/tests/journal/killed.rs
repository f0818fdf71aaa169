//! A process killed in the midst of appending: this test starts itself as that process.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bellwether_store::journal::{Journal, JournalOptions};

use crate::builders::record;

const PLACE: &str = "BELLWETHER_TEST_JOURNAL";

/// What the child does: appends from many tasks for ever, and says which records were acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is started by the test below"]
async fn child() {
    let Ok(path) = std::env::var(PLACE) else { return };
    let journal = Arc::new(Journal::open(Path::new(&path), JournalOptions::default()).await.unwrap());
    let tasks = (0..32_u32).map(|task| {
        let journal = journal.clone();
        tokio::spawn(async move {
            for n in (task..).step_by(32) {
                journal.append(&record(n)).await.unwrap();
                writeln!(std::io::stdout().lock(), "acknowledged {n}").unwrap();
            }
        })
    });
    futures_util::future::join_all(tasks).await;
}

#[tokio::test]
async fn kill_9_in_the_midst_of_appends_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    for enough in [100, 1_000, 3_000] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::child", "--ignored", "--nocapture"])
            .env(PLACE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acknowledged = HashSet::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some((_, n)) = line.unwrap().split_once("acknowledged ") {
                acknowledged.extend(n.parse::<u32>());
            }
            if acknowledged.len() == enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() >= enough);
        let journal = Journal::open(&path, JournalOptions::default()).await.unwrap();
        let entries = journal.read(0, usize::MAX).await.unwrap();
        let mut kept = HashSet::new();
        let mut after = 0;
        let mut entries = entries;
        while let Some(last) = entries.last() {
            after = last.seq.max(after);
            kept.extend(entries.iter().map(|entry| entry.record.uid()));
            entries = journal.read(after, usize::MAX).await.unwrap();
        }
        let lost: Vec<_> = acknowledged.iter().filter(|n| !kept.contains(&record(**n).uid())).collect();
        assert!(lost.is_empty(), "{lost:?}");
        journal.close().await.unwrap();
    }
}
