//! What every prediction log does.

use bellwether_core::prediction::LogRecord;
use bellwether_store::PredictionLog;
use chrono::{NaiveTime, TimeDelta};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::builders::{at, holdout, morning, record, records};

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
    assert_eq!(log.recent_before(record(5).uid(), 1).await.unwrap(), [record(2)]);
    assert_eq!(log.recent_before(record(2).uid(), 10).await.unwrap(), [record(1)]);
    assert_eq!(log.recent_before(record(1).uid(), 10).await.unwrap(), []);
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

pub(crate) async fn a_range_is_read_oldest_first_and_in_steps(log: &impl PredictionLog) {
    assert_eq!(log.oldest().await.unwrap(), None);
    log.insert(&records(10)).await.unwrap();
    assert_eq!(log.oldest().await.unwrap(), Some(morning()));
    let (from, to) = (morning() + TimeDelta::milliseconds(2), morning() + TimeDelta::milliseconds(8));
    let first = log.between(from, to, None, 4).await.unwrap();
    assert_eq!(first, [2, 3, 4, 5].map(record));
    let rest = log.between(from, to, first.last().map(LogRecord::uid), 4).await.unwrap();
    assert_eq!(rest, [6, 7].map(record));
    assert_eq!(log.between(from, to, rest.last().map(LogRecord::uid), 4).await.unwrap(), []);
    assert_eq!(log.between(to, from, None, 4).await.unwrap(), []);
}

pub(crate) async fn what_is_older_than_a_day_is_dropped(log: &impl PredictionLog) {
    let day = |day: i64| morning() + TimeDelta::days(day);
    let midnight = |n: i64| day(n).date_naive().and_time(NaiveTime::MIN).and_utc();
    let days = [-3, -2, -1, 0].map(|n| at(day(n)));
    let edge = [at(midnight(0) - TimeDelta::milliseconds(1)), at(midnight(0))];
    log.insert(&days).await.unwrap();
    log.insert(&edge).await.unwrap();
    assert_eq!(log.drop_before(midnight(-1)).await.unwrap(), 2);
    assert_eq!(log.oldest().await.unwrap(), Some(day(-1)));
    assert_eq!(log.drop_before(midnight(-1)).await.unwrap(), 0);
    assert_eq!(log.drop_before(midnight(0)).await.unwrap(), 2);
    assert_eq!(log.recent(10).await.unwrap(), [days[3].clone(), edge[1].clone()]);
    // One that comes late is taken all the same, and dropped the next time.
    assert_eq!(log.insert(&days[..1]).await.unwrap(), 1);
    assert_eq!(log.drop_before(midnight(0)).await.unwrap(), 1);
    assert_eq!(log.count().await.unwrap(), 2);
}

pub(crate) async fn an_erased_client_has_no_predictions(log: &impl PredictionLog) {
    log.insert(&records(2_500)).await.unwrap();
    assert_eq!(log.erase_predictions("client-3").await.unwrap(), 250);
    assert_eq!(log.erase_predictions("client-3").await.unwrap(), 0);
    assert_eq!(log.of_client("client-3", 10).await.unwrap(), []);
    assert_eq!(log.count().await.unwrap(), 2_250);
}

/// Two processes that deliver the same batch, as one does that was thought dead.
pub(crate) async fn of_concurrent_deliveries_each_record_is_new_to_one(log: &impl PredictionLog) {
    let all = records(350);
    let batches = [&all[..200], &all[100..300], &all[150..], &all[..]];
    let new = join_all(batches.iter().map(|batch| log.insert(batch))).await;
    let new: u64 = new.into_iter().map(Result::unwrap).sum();
    assert_eq!((new, log.count().await.unwrap()), (350, 350));
}

/// Every kind of number that JSON can hold.
pub(crate) async fn numbers_come_back_to_the_last_bit(log: &impl PredictionLog) {
    let mut whole = record(1);
    let floats = [0.1 + 0.2, 1e-300, 5e-324, f64::MAX, -0.0, 1e16, 123_456_789_012_345_680.0, 1.0 / 3.0, 2.0];
    for (n, float) in floats.into_iter().enumerate() {
        whole.input.insert(format!("float_{n}"), json!(float));
    }
    whole.input.insert("integer".to_owned(), json!(u64::MAX));
    whole.input.insert("negative".to_owned(), json!(i64::MIN));
    whole.input.insert("text".to_owned(), json!("\u{0}\t\"\\ü😀\u{2028}"));
    whole.output.ltv = f64::MIN_POSITIVE;
    log.insert(std::slice::from_ref(&whole)).await.unwrap();
    let read = log.find(whole.uid()).await.unwrap().unwrap();
    assert_eq!(read, whole);
    assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&whole).unwrap());
}
