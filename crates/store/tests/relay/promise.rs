//! The promise, against whatever sequence of failures and restarts: every record reaches every sink at
//! least once, and the database exactly once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bellwether_store::journal::{Journal, JournalOptions};
use bellwether_store::relay::{Relay, Sink};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{Database as _, DatabaseSink, PredictionLog};
use proptest::prelude::*;

use crate::{Mood, Moody, fill, options};

/// One life of the process: what is appended, how two sinks behave, and whether it ends in good order.
#[derive(Debug, Clone)]
struct Life {
    records: u32,
    moods: [Vec<Mood>; 2],
    drained: bool,
}

fn life() -> impl Strategy<Value = Life> {
    let mood = prop_oneof![Just(Mood::Take), Just(Mood::Refuse), Just(Mood::TakeAndFail)];
    let moods = prop::collection::vec(mood, 0..8);
    (0_u32..40, moods.clone(), moods, any::<bool>()).prop_map(|(records, first, second, drained)| Life {
        records,
        moods: [first, second],
        drained,
    })
}

async fn live_through(lives: Vec<Life>) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let database = folder.path().join("test.db");
    let sqlite =
        Arc::new(Sqlite::connect(database.to_str().unwrap(), SqliteOptions::default()).await.unwrap());
    sqlite.migrate().await.unwrap();
    let mut reached = [HashSet::new(), HashSet::new()];
    let mut appended = 0;
    let end = Life { records: 0, moods: [vec![], vec![]], drained: true };
    for life in lives.into_iter().chain([end]) {
        let journal = Arc::new(Journal::open(&path, JournalOptions::default()).await.unwrap());
        let [first, second] = life.moods;
        let (a, b) = (Arc::new(Moody::new("a", first)), Arc::new(Moody::new("b", second)));
        let sinks: Vec<Arc<dyn Sink>> =
            vec![a.clone(), b.clone(), Arc::new(DatabaseSink::new(sqlite.clone()))];
        let relay = Relay::spawn(journal.clone(), sinks, options()).await.unwrap();
        fill(&journal, appended..appended + life.records).await;
        appended += life.records;
        if life.drained {
            prop_assert_eq!(relay.drain(Duration::from_secs(60)).await.left, []);
        } else {
            drop(relay);
        }
        journal.close().await.unwrap();
        reached[0].extend(a.taken());
        reached[1].extend(b.taken());
    }
    let all: HashSet<u64> = (1..=u64::from(appended)).collect();
    prop_assert_eq!(&reached, &[all.clone(), all]);
    prop_assert_eq!(PredictionLog::count(&*sqlite).await.unwrap(), u64::from(appended));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_record_reaches_every_sink_and_the_database_exactly_once(lives in prop::collection::vec(life(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(live_through(lives))?;
    }
}
