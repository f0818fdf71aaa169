//! What every prediction log does.

use bellwether_core::prediction::LogRecord;
use bellwether_store::PredictionLog;
use uuid::Uuid;

use crate::builders::{holdout, record, records};

pub(crate) async fn a_record_is_read_back_equal(log: &impl PredictionLog) {
    let (whole, holdout) = (record(1), holdout(2));
    assert_eq!(log.insert(&[whole.clone(), holdout.clone()]).await.unwrap(), 2);
    assert_eq!(log.find(whole.uid()).await.unwrap(), Some(whole));
    assert_eq!(log.find(holdout.uid()).await.unwrap(), Some(holdout));
    assert_eq!(log.find(Uuid::nil()).await.unwrap(), None);
}

pub(crate) async fn a_uid_is_inserted_once(log: &impl PredictionLog) {
    assert_eq!(log.insert(&records(3)).await.unwrap(), 3);
    let changed = LogRecord { replica: "api-9".to_owned(), ..record(1) };
    assert_eq!(log.insert(&[changed, record(3), record(3)]).await.unwrap(), 1);
    assert_eq!(log.count().await.unwrap(), 4);
    assert_eq!(log.find(record(1).uid()).await.unwrap(), Some(record(1)));
}

pub(crate) async fn a_batch_of_many_statements_is_one_insert(log: &impl PredictionLog) {
    assert_eq!(log.insert(&records(1_234)).await.unwrap(), 1_234);
    assert_eq!(log.insert(&records(1_300)).await.unwrap(), 66);
    assert_eq!(log.count().await.unwrap(), 1_300);
}

pub(crate) async fn the_newest_come_first(log: &impl PredictionLog) {
    log.insert(&[record(2), record(5), record(1)]).await.unwrap();
    assert_eq!(log.recent(2).await.unwrap(), [record(5), record(2)]);
    assert_eq!(log.recent(0).await.unwrap(), []);
}

pub(crate) async fn a_client_s_records_are_only_theirs(log: &impl PredictionLog) {
    let mut all = records(25);
    all.push(holdout(30));
    log.insert(&all).await.unwrap();
    assert_eq!(log.of_client("client-3", 10).await.unwrap(), [record(23), record(13), record(3)]);
    assert_eq!(log.of_client("client-3", 1).await.unwrap(), [record(23)]);
    assert_eq!(log.of_client("nobody", 10).await.unwrap(), []);
}

pub(crate) async fn an_empty_batch_is_no_work(log: &impl PredictionLog) {
    assert_eq!(log.insert(&[]).await.unwrap(), 0);
    assert_eq!(log.count().await.unwrap(), 0);
}
