//! From the journal into the prediction log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use bellwether_store::mysql::{Mysql, MysqlOptions};
use bellwether_store::relay::{Batching, Relay};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{Database as _, DatabaseSink, LoginDetails, PredictionLog, StoreError};
use bellwether_testkit::mariadb::{MariaDb, fresh_database};
use bellwether_testkit::wait::until;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::builders::{self, record};
use crate::{fill, journal, options};

async fn sqlite(folder: &tempfile::TempDir) -> Arc<Sqlite> {
    let path = folder.path().join("test.db");
    Arc::new(Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap())
}

#[tokio::test]
async fn a_database_that_comes_late_gets_everything() {
    let (journal, _path, folder) = journal().await;
    let sqlite = sqlite(&folder).await;
    let sink = Arc::new(DatabaseSink::new(sqlite.clone()));
    fill(&journal, 0..1_200).await;
    // Its tables are missing: that is no record's fault.
    let relay = Relay::spawn(journal.clone(), vec![sink.clone()], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_millis(50)).await.left, [("database", 1_200)]);
    assert!(journal.parked(10).await.unwrap().is_empty());
    sqlite.migrate().await.unwrap();
    let relay = Relay::spawn(journal.clone(), vec![sink], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_secs(60)).await.left, []);
    assert_eq!(PredictionLog::count(&*sqlite).await.unwrap(), 1_200);
}

/// A log that refuses some uids, whatever comes with them.
struct Picky(Arc<Sqlite>, Vec<Uuid>);

#[async_trait]
impl PredictionLog for Picky {
    async fn insert(&self, records: &[LogRecord]) -> Result<u64, StoreError> {
        if records.iter().any(|record| self.1.contains(&record.uid())) {
            return Err(StoreError::Refused("too long".into()));
        }
        self.0.insert(records).await
    }
    async fn find(&self, uid: Uuid) -> Result<Option<LogRecord>, StoreError> {
        PredictionLog::find(&*self.0, uid).await
    }
    async fn recent(&self, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        self.0.recent(limit).await
    }
    async fn recent_before(&self, before: Uuid, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        self.0.recent_before(before, limit).await
    }
    async fn of_client(&self, client_id: &str, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        self.0.of_client(client_id, limit).await
    }
    async fn count(&self) -> Result<u64, StoreError> {
        PredictionLog::count(&*self.0).await
    }

    async fn oldest(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.0.oldest().await
    }

    async fn between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<LogRecord>, StoreError> {
        self.0.between(from, to, after, limit).await
    }

    async fn drop_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        self.0.drop_before(before).await
    }

    async fn erase_predictions(&self, client_id: &str) -> Result<u64, StoreError> {
        self.0.erase_predictions(client_id).await
    }
}

#[tokio::test]
async fn records_the_database_refuses_are_found_and_set_aside() {
    let (journal, _path, folder) = journal().await;
    let sqlite = sqlite(&folder).await;
    sqlite.migrate().await.unwrap();
    let refused = [0, 41, 42, 99].map(|n| record(n).uid()).to_vec();
    let sink = Arc::new(DatabaseSink::new(Arc::new(Picky(sqlite.clone(), refused))));
    fill(&journal, 0..100).await;
    let relay = Relay::spawn(journal.clone(), vec![sink], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_secs(60)).await.left, []);
    assert_eq!(PredictionLog::count(&*sqlite).await.unwrap(), 96);
    assert_eq!(journal.parked(10).await.unwrap().len(), 4);
}

/// Run with `--release -- --ignored --nocapture`: 10,000 records a second is the aim.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn throughput_into_sqlite() {
    let (journal, _path, folder) = journal().await;
    let sqlite = sqlite(&folder).await;
    sqlite.migrate().await.unwrap();
    fill(&journal, 0..50_000).await;
    let started = Instant::now();
    let sink = Arc::new(DatabaseSink::new(sqlite.clone()));
    assert_eq!(bellwether_store::relay::Sink::batching(&*sink), Batching::default());
    let relay = Relay::spawn(journal.clone(), vec![sink], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_secs(600)).await.left, []);
    println!("{:.0} records a second", 50_000.0 / started.elapsed().as_secs_f64());
}

/// Killed, stopped, and back, while records come in: nothing is lost, nothing set aside, nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mysql_that_dies_and_stops_gets_everything_once() {
    let server = MariaDb::start().await;
    let soon = Duration::from_millis(500);
    let options = MysqlOptions { acquire_timeout: soon, statement_timeout: soon, ..MysqlOptions::default() };
    let login = LoginDetails::of_url(server.create_database().await);
    let mysql = Arc::new(Mysql::connect(Arc::new(login), options).await.unwrap());
    mysql.migrate().await.unwrap();
    let (journal, _path, _folder) = journal().await;
    let sink = Arc::new(DatabaseSink::new(mysql.clone()));
    let relay = Relay::spawn(journal.clone(), vec![sink], crate::options()).await.unwrap();
    let reaches = async |count: u64| {
        until("the records arrive", Duration::from_secs(60), async || {
            PredictionLog::count(&*mysql).await.is_ok_and(|there| there == count)
        })
        .await;
    };
    fill(&journal, 0..1_000).await;
    reaches(1_000).await;
    for outage in 1..=3 {
        // In the midst of deliveries, and then while nothing can be delivered.
        fill(&journal, outage * 2_000 - 1_000..outage * 2_000).await;
        if outage == 2 {
            server.stop_process();
        } else {
            server.kill();
        }
        fill(&journal, outage * 2_000..outage * 2_000 + 1_000).await;
        assert!(PredictionLog::count(&*mysql).await.unwrap_err().is_transient());
        if outage == 2 {
            server.continue_process();
        } else {
            server.restart().await;
        }
        reaches(u64::from(outage) * 2_000 + 1_000).await;
    }
    assert_eq!(relay.drain(Duration::from_secs(60)).await.left, []);
    assert!(journal.parked(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_record_mysql_refuses_is_set_aside_and_the_rest_is_there() {
    let mysql = Arc::new(builders::mysql(fresh_database().await).await);
    mysql.migrate().await.unwrap();
    let (journal, _path, _folder) = journal().await;
    for n in 0..100 {
        let mut record = record(n);
        if n == 42 {
            record.client_id = Some("c".repeat(300));
        }
        journal.append(&record).await.unwrap();
    }
    let sink = Arc::new(DatabaseSink::new(mysql.clone()));
    let relay = Relay::spawn(journal.clone(), vec![sink], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_secs(60)).await.left, []);
    assert_eq!(PredictionLog::count(&*mysql).await.unwrap(), 99);
    let parked = journal.parked(10).await.unwrap();
    assert_eq!(parked.iter().map(|parked| parked.seq).collect::<Vec<_>>(), [43]);
}

/// Run with `--release -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn throughput_into_mysql() {
    let mysql = Arc::new(builders::mysql(fresh_database().await).await);
    mysql.migrate().await.unwrap();
    mysql.prepare_days(crate::builders::morning()).await.unwrap();
    let (journal, _path, _folder) = journal().await;
    fill(&journal, 0..50_000).await;
    let started = Instant::now();
    let relay = Relay::spawn(journal, vec![Arc::new(DatabaseSink::new(mysql))], options()).await.unwrap();
    assert_eq!(relay.drain(Duration::from_secs(600)).await.left, []);
    println!("{:.0} records a second", 50_000.0 / started.elapsed().as_secs_f64());
}
