//! A disk without room: nothing is acknowledged that is not kept, and room made later is used at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_store::journal::{Entry, Journal, JournalError, JournalOptions};
use bellwether_store::relay::{Relay, RelayOptions, Sink, SinkError};
use bellwether_testkit::SmallDisk;
use bellwether_testkit::wait::until;

use crate::builders::record;

const MEGABYTE: u64 = 1 << 20;

fn options() -> JournalOptions {
    JournalOptions { reserve_bytes: 8 * MEGABYTE, log_bytes: 2 * MEGABYTE, ..JournalOptions::default() }
}

#[tokio::test]
async fn a_disk_filled_by_others_refuses_appends_until_there_is_room_again() {
    let disk = SmallDisk::mount(64);
    let journal = Journal::open(&disk.path().join("journal.sqlite"), options()).await.unwrap();
    journal.append(&record(1)).await.unwrap();
    let filler = disk.fill(4 * MEGABYTE);
    for n in 2..20 {
        let refused = journal.append(&record(n)).await.unwrap_err();
        assert!(matches!(refused, JournalError::Full(_)), "{refused}");
    }
    assert_eq!(journal.last(), 1);
    std::fs::remove_file(filler).unwrap();
    journal.append(&record(20)).await.unwrap();
    let kept: Vec<_> = journal.read(0, 10).await.unwrap().into_iter().map(|entry| entry.record).collect();
    assert_eq!(kept, [record(1), record(20)]);
}

/// Takes nothing until it may.
struct Gate(tokio::sync::watch::Receiver<bool>);

#[async_trait]
impl Sink for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    async fn deliver(&self, _: &[Entry]) -> Result<(), SinkError> {
        if *self.0.borrow() { Ok(()) } else { Err(SinkError::Later("shut".to_owned())) }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_filled_by_the_journal_itself_is_emptied_by_its_deliveries() {
    let disk = SmallDisk::mount(32);
    let journal = Arc::new(Journal::open(&disk.path().join("journal.sqlite"), options()).await.unwrap());
    let (open, gate) = tokio::sync::watch::channel(false);
    let patience = RelayOptions { backoff_longest: Duration::from_millis(100), ..RelayOptions::default() };
    let _relay = Relay::spawn(journal.clone(), vec![Arc::new(Gate(gate))], patience).await.unwrap();
    let mut kept = 0;
    let refused = loop {
        match journal.append(&record(kept)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::Full(_)), "{refused}");
    assert!(kept > 1_000, "{kept} records filled the disk");
    open.send_replace(true);
    until("all of it is delivered", Duration::from_secs(60), async || journal.depth("gate") == 0).await;
    // The room of what was delivered lies in the file: the disk stays as full, and yet records fit.
    until("records are taken again", Duration::from_secs(60), async || {
        journal.append(&record(kept)).await.is_ok()
    })
    .await;
}
