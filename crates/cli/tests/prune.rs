//! `bellwether prune` and `bellwether restore-log`: from the log into the archive, and back, on the folder of an
//! embedded system.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use bellwether_core::prediction::LogRecord;
use bellwether_store::archive::{ArchiveStore as _, FolderArchive};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{Database as _, PredictionLog as _};
use chrono::{DateTime, Days, NaiveTime, Utc};
use serde_json::json;
use uuid::{Timestamp, Uuid};

fn prune(data: &Path, arguments: &[&str]) -> Output {
    bellwether(data, "prune", arguments)
}

fn bellwether(data: &Path, name: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.arg(name).args(arguments).arg("--data-dir").arg(data).output().unwrap()
}

/// A prediction of noon, so many days ago.
fn record(days_ago: u64) -> LogRecord {
    let at: DateTime<Utc> =
        (Utc::now().date_naive() - Days::new(days_ago)).and_time(NaiveTime::MIN).and_utc();
    let seconds = u64::try_from(at.timestamp()).unwrap() + 43_200;
    let uid = Uuid::new_v7(Timestamp::from_unix_time(seconds, 0, 0, 0));
    let at = DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap();
    serde_json::from_value(json!({
        "schema": 1, "environment": "prod", "replica": "api-0", "logging_timestamp": at, "client_id": "1",
        "input": {}, "scores": {}, "heuristic": 0.5, "arm": "forest",
        "output": {"uid": uid, "prediction": 0.5, "high_risk": "no", "ltv": 1.0, "recent_times_id_seen": 0,
                   "response_time": 0.001, "treatment": "model", "model": "forest", "config_version": 1},
    }))
    .unwrap()
}

#[tokio::test]
async fn old_days_leave_the_log_for_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (folder.path(), folder.path().join("prod/bellwether.sqlite"));
    let sqlite = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    sqlite.migrate().await.unwrap();
    sqlite.insert(&[record(9), record(8), record(7), record(0)]).await.unwrap();

    let output = prune(data, &["--older-than", "7d"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("prod: 2 predictions before"), "{said}");
    assert!(said.contains("2 of them archived by this"), "{said}");
    assert_eq!(sqlite.recent(10).await.unwrap().len(), 2);
    let archive = FolderArchive::new(data.join("prod/archive"));
    assert_eq!(archive.list("prod", None).await.unwrap().len(), 2);

    let again = String::from_utf8(prune(data, &["--older-than", "7d"]).stdout).unwrap();
    assert!(again.contains("prod: 0 predictions"), "{again}");
}

#[test]
fn an_age_that_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for age in ["0d", "90", "d", "-1d", "1w"] {
        let output = prune(folder.path(), &[&format!("--older-than={age}")]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("as 90d"), "{age}: {said}");
    }
}

#[tokio::test]
async fn a_spoilt_object_is_named_by_a_restoring_that_fails_and_the_others_are_back_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (folder.path(), folder.path().join("prod/bellwether.sqlite"));
    let sqlite = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    sqlite.migrate().await.unwrap();
    sqlite.insert(&[record(9), record(8), record(7)]).await.unwrap();
    assert!(prune(data, &["--older-than", "1d"]).status.success());
    assert_eq!(sqlite.count().await.unwrap(), 0);
    let archive = FolderArchive::new(data.join("prod/archive"));
    let keys = archive.list("prod", None).await.unwrap();
    let [_, spoilt, _] = keys.as_slice() else { panic!("{keys:?}") };
    let good = archive.get(spoilt).await.unwrap().unwrap();
    let lines = zstd::encode_all(b"{\"client_id\": \"somebody\"}\n".as_slice(), 3).unwrap();
    archive.put(spoilt, lines).await.unwrap();

    let from = (Utc::now().date_naive() - Days::new(20)).to_string();
    let output = bellwether(data, "restore-log", &["--from", &from]);
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}{complaint}");
    assert!(said.contains("prod: 2 predictions since"), "{said}");
    assert!(complaint.contains("NOT complete") && complaint.contains("restored: 1\n"), "{complaint}");
    assert!(complaint.contains(spoilt), "{complaint}");
    assert!(!complaint.contains("somebody"), "nothing of what is in it: {complaint}");
    assert_eq!(sqlite.count().await.unwrap(), 2);

    archive.put(spoilt, good).await.unwrap();
    assert!(bellwether(data, "restore-log", &["--from", &from]).status.success());
    assert_eq!(sqlite.count().await.unwrap(), 3);
}
