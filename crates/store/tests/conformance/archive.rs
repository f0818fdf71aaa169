//! What every archive does, and what is done to archives.

use std::sync::Mutex;

use bellwether_core::prediction::LogRecord;
use bellwether_store::archive::{ArchiveStore, Erased, LIST_PAGE, delete_days_before, erase_client};
use chrono::Days;
use futures_util::{StreamExt as _, stream};

use crate::builders::{morning, record, records};

async fn all(archive: &impl ArchiveStore, folder: &str) -> Vec<String> {
    let (mut keys, mut last) = (Vec::new(), None);
    loop {
        let page = archive.list(folder, last.as_deref()).await.unwrap();
        let Some(key) = page.last() else { return keys };
        last = Some(key.clone());
        keys.extend(page);
    }
}

/// Puts records as the relay does.
async fn put(archive: &impl ArchiveStore, key: &str, records: &[LogRecord]) {
    let lines = records.iter().map(|record| serde_json::to_string(record).unwrap() + "\n");
    let bytes = zstd::encode_all(lines.collect::<String>().as_bytes(), 3).unwrap();
    archive.put(key, bytes).await.unwrap();
}

async fn get(archive: &impl ArchiveStore, key: &str) -> Option<Vec<LogRecord>> {
    let lines = zstd::decode_all(archive.get(key).await.unwrap()?.as_slice()).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

pub(crate) async fn an_object_is_read_back_and_written_over(archive: &impl ArchiveStore) {
    let key = "stage/dt=2026-11-29/hour=09/0a1b-1-2.ndjson.zst";
    archive.put(key, b"first".to_vec()).await.unwrap();
    assert_eq!(archive.get(key).await.unwrap().unwrap(), b"first");
    archive.put(key, b"second".to_vec()).await.unwrap();
    assert_eq!(archive.get(key).await.unwrap().unwrap(), b"second");
    archive.put(key, Vec::new()).await.unwrap();
    assert_eq!(archive.get(key).await.unwrap().unwrap(), b"");
    assert_eq!(all(archive, "stage").await, [key]);
    archive.delete(key).await.unwrap();
    assert_eq!(archive.get(key).await.unwrap(), None);
    assert_eq!(all(archive, "stage").await, [""; 0]);
}

pub(crate) async fn what_is_not_there_is_no_failure(archive: &impl ArchiveStore) {
    assert_eq!(archive.get("stage/nothing").await.unwrap(), None);
    archive.delete("stage/nothing").await.unwrap();
    assert_eq!(archive.list("stage", None).await.unwrap(), [""; 0]);
}

pub(crate) async fn keys_are_listed_below_their_folder_in_the_order_of_their_bytes(
    archive: &impl ArchiveStore,
) {
    let keys = ["stage/a-1", "stage/a/1", "stage/a/2", "stage/a0", "stage/b/c/d", "stage/b/c=d", "stage/z"];
    for key in keys.iter().rev().chain(&["prod/a", "stage-2/a", "stage2/a"]) {
        archive.put(key, b"x".to_vec()).await.unwrap();
    }
    assert_eq!(all(archive, "stage").await, keys);
    assert_eq!(all(archive, "stage/a").await, ["stage/a/1", "stage/a/2"]);
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(archive.list("stage", Some(key)).await.unwrap(), keys[at + 1..], "after {key}");
    }
    assert_eq!(archive.list("stage", Some("stage/a/11")).await.unwrap(), keys[2..]);
}

pub(crate) async fn many_keys_are_listed_in_pages(archive: &impl ArchiveStore) {
    let keys: Vec<_> = (0..LIST_PAGE + 5).map(|n| format!("stage/{}/{n:05}", n / 300)).collect();
    let puts = keys.iter().map(|key| archive.put(key, b"x".to_vec()));
    let done: Vec<_> = stream::iter(puts).buffer_unordered(8).collect().await;
    assert!(done.into_iter().all(|put| put.is_ok()));
    let first = archive.list("stage", None).await.unwrap();
    assert_eq!(first, keys[..LIST_PAGE]);
    let second = archive.list("stage", first.last().map(String::as_str)).await.unwrap();
    assert_eq!(second, keys[LIST_PAGE..]);
}

pub(crate) async fn a_key_that_would_leave_its_folder_is_refused(archive: &impl ArchiveStore) {
    for key in ["../x", "/x", "a//b", "a/../../x", "", ".hidden", "a b", "a/"] {
        assert!(archive.put(key, vec![]).await.is_err(), "{key}");
        assert!(archive.get(key).await.is_err(), "{key}");
        assert!(archive.list(key, None).await.is_err(), "{key}");
        assert!(archive.delete(key).await.is_err(), "{key}");
    }
}

/// Three objects of stage, one of prod: client-3 is in two of stage, in one of them alone, and in prod's.
async fn archive_of_clients(archive: &impl ArchiveStore) {
    put(archive, "stage/dt=2026-11-28/hour=09/j-1-20.ndjson.zst", &records(20)).await;
    put(archive, "stage/dt=2026-11-28/hour=10/j-21-22.ndjson.zst", &[record(3), record(13)]).await;
    put(archive, "stage/dt=2026-11-29/hour=09/j-23-25.ndjson.zst", &[record(1), record(31)]).await;
    put(archive, "prod/dt=2026-11-28/hour=09/j-1-1.ndjson.zst", &[record(3)]).await;
    // What others put beside is none of ours.
    archive.put("stage/README", b"client-3".to_vec()).await.unwrap();
}

pub(crate) async fn a_client_is_erased_and_nobody_else(archive: &impl ArchiveStore) {
    archive_of_clients(archive).await;
    let told = Mutex::new(Vec::new());
    let progress = |seen| told.lock().unwrap().push(seen);
    let erased = erase_client(archive, "stage", "client-3", &progress).await.unwrap();
    let expected = Erased { objects_rewritten: 2, records_removed: 4, lines_unreadable: 0 };
    assert_eq!(erased, expected);
    assert_eq!(*told.lock().unwrap(), [1, 2, 3]);
    let others: Vec<_> =
        records(20).into_iter().filter(|r| r.client_id.as_deref() != Some("client-3")).collect();
    assert_eq!(get(archive, "stage/dt=2026-11-28/hour=09/j-1-20.ndjson.zst").await.unwrap(), others);
    assert!(get(archive, "stage/dt=2026-11-28/hour=10/j-21-22.ndjson.zst").await.is_none());
    assert_eq!(get(archive, "prod/dt=2026-11-28/hour=09/j-1-1.ndjson.zst").await.unwrap(), [record(3)]);
    assert_eq!(archive.get("stage/README").await.unwrap().unwrap(), b"client-3");
    let again = erase_client(archive, "stage", "client-3", &|_| {}).await.unwrap();
    assert_eq!(again, Erased::default());
}

pub(crate) async fn an_erasure_that_broke_off_is_finished_by_the_next(archive: &impl ArchiveStore) {
    archive_of_clients(archive).await;
    let broken = "stage/dt=2026-11-28/hour=11/j-30-31.ndjson.zst";
    archive.put(broken, b"not compressed".to_vec()).await.unwrap();
    let error = erase_client(archive, "stage", "client-3", &|_| {}).await.unwrap_err();
    assert!(error.to_string().contains(broken), "{error}");
    // Now it can be read, but for one line: that stays and is told.
    let lines = format!("cut off\n{}\n", serde_json::to_string(&record(3)).unwrap());
    archive.put(broken, zstd::encode_all(lines.as_bytes(), 3).unwrap()).await.unwrap();
    let erased = erase_client(archive, "stage", "client-3", &|_| {}).await.unwrap();
    assert_eq!(erased.lines_unreadable, 1);
    let left = archive.get(broken).await.unwrap().unwrap();
    assert_eq!(zstd::decode_all(left.as_slice()).unwrap(), b"cut off\n");
    for key in all(archive, "stage").await {
        if key != "stage/README" && key != broken {
            let left = get(archive, &key).await.unwrap();
            assert!(left.iter().all(|record| record.client_id.as_deref() != Some("client-3")), "{key}");
        }
    }
}

pub(crate) async fn days_before_a_day_are_let_go(archive: &impl ArchiveStore) {
    let today = morning().date_naive();
    let key = |environment: &str, days: u64, name: &str| {
        format!("{environment}/dt={}/hour=09/{name}.ndjson.zst", today - Days::new(days))
    };
    let kept = [key("stage", 1, "a"), key("stage", 0, "a"), key("prod", 9, "a"), "stage/README".to_owned()];
    let old = [key("stage", 9, "a"), key("stage", 9, "b"), key("stage", 2, "a")];
    for key in kept.iter().chain(&old) {
        archive.put(key, b"x".to_vec()).await.unwrap();
    }
    let removed = delete_days_before(archive, "stage", today - Days::new(1), &|_| {}).await.unwrap();
    assert_eq!(removed, 3);
    let mut left = all(archive, "stage").await;
    left.extend(all(archive, "prod").await);
    left.sort();
    let mut kept = kept;
    kept.sort();
    assert_eq!(left, kept);
    assert_eq!(delete_days_before(archive, "stage", today - Days::new(1), &|_| {}).await.unwrap(), 0);
}
