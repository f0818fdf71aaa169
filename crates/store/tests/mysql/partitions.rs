//! The log's partitions: a day each, made ahead, dropped whole.

use bellwether_store::mysql::Mysql;
use bellwether_store::{Database, PredictionLog};
use bellwether_testkit::mariadb::fresh_database;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures_util::future::join_all;
use sqlx::MySqlConnection;

use crate::beside;
use crate::builders::{at, morning, mysql};

async fn migrated() -> (Mysql, MySqlConnection) {
    let url = fresh_database().await;
    let mysql = mysql(url.clone()).await;
    mysql.migrate().await.unwrap();
    (mysql, beside(&url).await)
}

async fn partitions(beside: &mut MySqlConnection) -> Vec<String> {
    let names = sqlx::query_scalar(
        "SELECT partition_name FROM information_schema.partitions
         WHERE table_schema = database() AND table_name = 'model_logs' ORDER BY partition_ordinal_position",
    );
    names.fetch_all(beside).await.unwrap()
}

async fn rows_in(beside: &mut MySqlConnection, partition: &str) -> i64 {
    let count = format!("SELECT count(*) FROM model_logs PARTITION ({partition})");
    sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(beside).await.unwrap()
}

fn name(at: DateTime<Utc>) -> String {
    at.format("p%Y%m%d").to_string()
}

fn day(n: i64) -> DateTime<Utc> {
    morning() + TimeDelta::days(n)
}

fn midnight(n: i64) -> DateTime<Utc> {
    day(n).date_naive().and_time(NaiveTime::MIN).and_utc()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_is_made_ahead_by_whoever_comes_first() {
    let (mysql, mut beside) = migrated().await;
    assert_eq!(partitions(&mut beside).await, ["future"]);
    for outcome in join_all((0..6).map(|_| mysql.prepare_days(morning()))).await {
        outcome.unwrap();
    }
    let mut expected: Vec<_> = (0..=7).map(|n| name(day(n))).collect();
    expected.push("future".to_owned());
    assert_eq!(partitions(&mut beside).await, expected);
    mysql.prepare_days(day(2)).await.unwrap();
    expected.splice(8..8, [name(day(8)), name(day(9))]);
    assert_eq!(partitions(&mut beside).await, expected);
}

#[tokio::test]
async fn each_record_lies_in_its_day_however_late_or_early_it_comes() {
    let (mysql, mut beside) = migrated().await;
    mysql.prepare_days(morning()).await.unwrap();
    let edges = [midnight(1) - TimeDelta::milliseconds(1), midnight(1)];
    let all: Vec<_> = [day(-30), day(0), edges[0], edges[1], day(7), day(8), day(300)].map(at).to_vec();
    assert_eq!(PredictionLog::insert(&mysql, &all).await.unwrap(), 7);
    for (partition, rows) in
        [(name(day(0)), 3), (name(day(1)), 1), (name(day(7)), 1), ("future".to_owned(), 2)]
    {
        assert_eq!(rows_in(&mut beside, &partition).await, rows, "{partition}");
    }
    // What waited in `future` moves into its day once that is made.
    mysql.prepare_days(day(1)).await.unwrap();
    assert_eq!(rows_in(&mut beside, &name(day(8))).await, 1);
    assert_eq!(rows_in(&mut beside, "future").await, 1);
    assert_eq!(mysql.recent(10).await.unwrap().len(), 7);
}

#[tokio::test]
async fn old_days_are_dropped_whole_and_the_rest_of_them_by_row() {
    let (mysql, mut beside) = migrated().await;
    // Before any partition is made: these stay where they are, in the first day's.
    let early: Vec<_> = [day(-40), day(-39)].map(at).to_vec();
    PredictionLog::insert(&mysql, &early).await.unwrap();
    mysql.prepare_days(morning()).await.unwrap();
    let all: Vec<_> = (0..6).map(|n| at(day(n))).collect();
    PredictionLog::insert(&mysql, &all).await.unwrap();
    assert_eq!(mysql.drop_before(midnight(-39)).await.unwrap(), 1, "by row");
    assert_eq!(mysql.drop_before(midnight(3)).await.unwrap(), 4, "three days, and one from before them");
    let left = partitions(&mut beside).await;
    assert_eq!(left[0], name(day(3)));
    assert_eq!(left.len(), 6);
    assert_eq!(mysql.oldest().await.unwrap(), Some(day(3)));
    // Beyond the last day there is: all of them go, and the table still takes records.
    assert_eq!(mysql.drop_before(midnight(60)).await.unwrap(), 3);
    assert_eq!(partitions(&mut beside).await, ["future"]);
    assert_eq!(PredictionLog::insert(&mysql, &all).await.unwrap(), 6);
    mysql.prepare_days(day(60)).await.unwrap();
    assert_eq!(PredictionLog::count(&mysql).await.unwrap(), 6);
}
