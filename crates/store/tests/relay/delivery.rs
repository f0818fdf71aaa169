//! Order, backoff, poison and draining.

use std::sync::Arc;
use std::time::Duration;

use bellwether_store::journal::{Journal, JournalOptions};
use bellwether_store::relay::{Batching, Drained, Relay};

use crate::{Mood, Moody, fill, journal, options};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_sink_that_recovers_gets_everything_once_in_order() {
    let (journal, _path, _folder) = journal().await;
    let sink = Arc::new(Moody::new("a", [Mood::Refuse; 7]));
    let relay = Relay::spawn(journal.clone(), vec![sink.clone()], options()).await.unwrap();
    fill(&journal, 0..35).await;
    sink.takes(35).await;
    assert_eq!(sink.taken(), (1..=35).collect::<Vec<_>>());
    assert_eq!(relay.drain(LONG).await, Drained { left: vec![] });
    assert!(journal.read(0, 10).await.unwrap().is_empty(), "what all have passed is trimmed");
}

#[tokio::test]
async fn a_dead_sink_delays_no_other_and_finds_everything_after_a_restart() {
    let (journal, path, _folder) = journal().await;
    let dead = Arc::new(Moody::new("dead", vec![Mood::Refuse; 100_000]));
    let live = Arc::new(Moody::new("live", []));
    let relay = Relay::spawn(journal.clone(), vec![dead.clone(), live.clone()], options()).await.unwrap();
    fill(&journal, 0..100).await;
    live.takes(100).await;
    let drained = relay.drain(Duration::from_millis(20)).await;
    assert_eq!(drained.left, [("dead", 100)]);
    journal.close().await.unwrap();

    let journal = Arc::new(Journal::open(&path, JournalOptions::default()).await.unwrap());
    let (back, live) = (Arc::new(Moody::new("dead", [])), Arc::new(Moody::new("live", [])));
    let relay = Relay::spawn(journal.clone(), vec![back.clone(), live.clone()], options()).await.unwrap();
    assert_eq!(relay.drain(LONG).await.left, []);
    assert_eq!(back.taken(), (1..=100).collect::<Vec<_>>());
    assert_eq!(live.taken(), [0; 0]);
}

#[tokio::test]
async fn poison_is_set_aside_with_its_reason_and_the_rest_goes_on() {
    let (journal, _path, _folder) = journal().await;
    let sink = Arc::new(Moody::new("a", []).poisoned_by([3, 4, 17, 20]));
    let other = Arc::new(Moody::new("b", []));
    fill(&journal, 0..20).await;
    let relay = Relay::spawn(journal.clone(), vec![sink.clone(), other.clone()], options()).await.unwrap();
    assert_eq!(relay.drain(LONG).await.left, []);
    let good: Vec<_> = (1..=20).filter(|seq| ![3, 4, 17, 20].contains(seq)).collect();
    assert_eq!(sink.taken(), good);
    assert_eq!(other.taken(), (1..=20).collect::<Vec<_>>());
    let parked = journal.parked(10).await.unwrap();
    let seqs: Vec<_> = parked.iter().map(|parked| (parked.sink.as_str(), parked.seq)).collect();
    assert_eq!(seqs, [("a", 3), ("a", 4), ("a", 17), ("a", 20)]);
    assert!(parked.iter().all(|parked| parked.reason == "too odd"));
    let record: bellwether_core::prediction::LogRecord = serde_json::from_str(&parked[0].raw).unwrap();
    assert_eq!(record, crate::builders::record(2));
    assert!(journal.unpark("a", 3).await.unwrap());
    assert!(!journal.unpark("a", 3).await.unwrap());
}

#[tokio::test]
async fn an_entry_no_build_can_read_is_set_aside() {
    let (journal, path, _folder) = journal().await;
    fill(&journal, 0..3).await;
    let raw = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("UPDATE entries SET record = '{\"schema\": 99}' WHERE seq = 2").execute(&raw).await.unwrap();
    raw.close().await;
    let sink = Arc::new(Moody::new("a", []));
    let relay = Relay::spawn(journal.clone(), vec![sink.clone()], options()).await.unwrap();
    assert_eq!(relay.drain(LONG).await.left, []);
    assert_eq!(sink.taken(), [1, 3]);
    assert_eq!(journal.parked(10).await.unwrap()[0].raw, "{\"schema\": 99}");
}

#[tokio::test]
async fn a_batch_waits_to_fill_and_draining_ends_the_wait() {
    let (journal, _path, _folder) = journal().await;
    let mut sink = Moody::new("a", []);
    sink.batching = Batching { limit: 10, linger: Duration::from_secs(3600), fixed: false };
    let sink = Arc::new(sink);
    let relay = Relay::spawn(journal.clone(), vec![sink.clone()], options()).await.unwrap();
    fill(&journal, 0..25).await;
    sink.takes(20).await;
    assert_eq!(relay.drain(LONG).await.left, []);
    assert_eq!(sink.taken(), (1..=25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_batch_that_does_not_fill_leaves_after_its_wait() {
    let (journal, _path, _folder) = journal().await;
    let mut sink = Moody::new("a", []);
    sink.batching = Batching { limit: 10, linger: Duration::from_millis(5), fixed: false };
    let sink = Arc::new(sink);
    let _relay = Relay::spawn(journal.clone(), vec![sink.clone()], options()).await.unwrap();
    fill(&journal, 0..1).await;
    sink.takes(1).await;
}
