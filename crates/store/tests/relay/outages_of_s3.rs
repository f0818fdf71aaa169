//! S3 that fails as S3 does, for a while: the archive catches up, and nothing waits for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::prediction::LogRecord;
use bellwether_store::archive::{ArchiveSink, ArchiveStore as _, S3Archive, S3Options};
use bellwether_store::relay::{Relay, RelayOptions, Sink};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{Database as _, DatabaseSink, PredictionLog};
use bellwether_testkit::{Aws, Fault, FaultyProxy, aws, wait};

use crate::builders::records;
use crate::{fill, journal, options};

const LONG: Duration = Duration::from_secs(60);

fn archive(endpoint: &str) -> S3Archive {
    let options = S3Options {
        path_style: true,
        // So that an S3 that hangs is given up many times in a test.
        timeout: Duration::from_millis(300),
        ..S3Options::new("s3://archive/bellwether")
    };
    let variables = aws::variables(endpoint).into_iter().map(|(name, value)| (name.to_owned(), value));
    S3Archive::open(&options, variables).unwrap()
}

/// Every record in every object.
async fn archived(archive: &S3Archive) -> Vec<LogRecord> {
    let mut all = Vec::new();
    for key in archive.list("stage", None).await.unwrap() {
        let lines = zstd::decode_all(archive.get(&key).await.unwrap().unwrap().as_slice()).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        all.extend(lines.lines().map(|line| serde_json::from_str::<LogRecord>(line).unwrap()));
    }
    all
}

async fn sqlite(folder: &tempfile::TempDir) -> Arc<Sqlite> {
    let path = folder.path().join("test.db");
    let sqlite = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    sqlite.migrate().await.unwrap();
    Arc::new(sqlite)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_kind_of_outage_each_record_is_in_the_archive_once_and_nothing_else_has_waited() {
    let server = Aws::start().await;
    server.create_bucket("archive").await;
    let proxy = FaultyProxy::start(server.address()).await;
    let (journal, _path, folder) = journal().await;
    let sqlite = sqlite(&folder).await;
    let sinks: Vec<Arc<dyn Sink>> = vec![
        Arc::new(DatabaseSink::new(sqlite.clone())),
        Arc::new(ArchiveSink::with_batches(
            Arc::new(archive(&proxy.endpoint())),
            journal.id(),
            50,
            Duration::from_millis(5),
        )),
    ];
    let relay = Relay::spawn(journal.clone(), sinks, options()).await.unwrap();
    let faults = [
        Fault::None,
        Fault::Answer(500, "InternalError"),
        Fault::Answer(503, "SlowDown"),
        Fault::Hang,
        Fault::Answer(403, "AccessDenied"),
        Fault::LoseAnswer,
    ];
    let mut appended = 0_u32;
    for fault in faults {
        proxy.fault(fault);
        fill(&journal, appended..appended + 120).await;
        appended += 120;
        if fault != Fault::None {
            // Twice the sink's whole patience with one object.
            proxy.meets(proxy.met() + 6).await;
            assert!(journal.depth("archive") >= 120, "{fault:?}");
        }
        wait::until("the database has all of it meanwhile", LONG, || async {
            PredictionLog::count(&*sqlite).await.unwrap() == u64::from(appended)
        })
        .await;
        proxy.fault(Fault::None);
        wait::until("the archive has caught up", LONG, async || journal.depth("archive") == 0).await;
    }
    assert_eq!(relay.drain(LONG).await.left, []);
    let archived = archived(&archive(&server.endpoint())).await;
    let uids: HashSet<_> = archived.iter().map(LogRecord::uid).collect();
    assert_eq!((archived.len(), uids.len()), (720, 720), "each is there, and once");
    assert_eq!(uids, records(720).iter().map(LogRecord::uid).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_while_s3_is_away_leaves_the_rest_to_the_next() {
    let server = Aws::start().await;
    server.create_bucket("archive").await;
    let proxy = FaultyProxy::start(server.address()).await;
    let (journal, _path, _folder) = journal().await;
    let sink = || -> Arc<dyn Sink> {
        let archive = Arc::new(archive(&proxy.endpoint()));
        Arc::new(ArchiveSink::with_batches(archive, journal.id(), 50, Duration::from_millis(5)))
    };
    // The object is written, and nobody hears of it.
    proxy.fault(Fault::LoseAnswer);
    fill(&journal, 0..70).await;
    let relay = Relay::spawn(journal.clone(), vec![sink()], options()).await.unwrap();
    proxy.meets(1).await;
    proxy.fault(Fault::Answer(503, "SlowDown"));
    assert_eq!(relay.drain(Duration::from_millis(500)).await.left, [("archive", 70)]);
    fill(&journal, 70..100).await;
    proxy.fault(Fault::None);
    let relay = Relay::spawn(journal.clone(), vec![sink()], RelayOptions::default()).await.unwrap();
    assert_eq!(relay.drain(LONG).await.left, []);
    let archived = archived(&archive(&server.endpoint())).await;
    let uids: HashSet<_> = archived.iter().map(LogRecord::uid).collect();
    assert_eq!((archived.len(), uids.len()), (100, 100));
}
