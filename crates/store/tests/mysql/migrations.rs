//! Migrations of many processes at once, and of those that die amid them.

use std::time::Duration;

use bellwether_store::{Database, PredictionLog, StoreError};
use bellwether_testkit::mariadb::fresh_database;
use bellwether_testkit::wait::until;
use futures_util::future::join_all;
use sqlx::Executor as _;

use crate::beside;
use crate::builders::{mysql, records};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_migrate_at_once_one_does_and_all_find_it_done() {
    let url = fresh_database().await;
    let pods: Vec<_> = join_all((0..8).map(|_| mysql(url.clone()))).await;
    for outcome in join_all(pods.iter().map(Database::migrate)).await {
        outcome.unwrap();
    }
    for pod in &pods {
        assert!(pod.is_migrated().await.unwrap());
    }
    assert_eq!(PredictionLog::insert(&pods[0], &records(3)).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_whose_process_died_is_done_by_the_next() {
    let url = fresh_database().await;
    let mut beside = beside(&url).await;
    // A table that the first migration makes last holds it up, half done.
    beside.execute("CREATE TABLE users (held INT); LOCK TABLES users WRITE").await.unwrap();
    let dying = mysql(url.clone()).await;
    let task = tokio::spawn(async move { dying.migrate().await });
    let other = mysql(url).await;
    until("half of the first migration is done", Duration::from_secs(20), async || {
        PredictionLog::count(&other).await.is_ok()
    })
    .await;
    assert!(!other.is_migrated().await.unwrap());
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    beside.execute("DROP TABLE users").await.unwrap();
    drop(beside);
    other.migrate().await.unwrap();
    assert!(other.is_migrated().await.unwrap());
}

#[tokio::test]
async fn a_newer_build_s_migrations_are_left_alone_and_edited_ones_refused() {
    let url = fresh_database().await;
    let mysql = mysql(url.clone()).await;
    mysql.migrate().await.unwrap();
    let mut beside = beside(&url).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'newer', TRUE, x'00', 1)";
    beside.execute(newer).await.unwrap();
    mysql.migrate().await.unwrap();
    assert!(mysql.is_migrated().await.unwrap());
    beside.execute("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1").await.unwrap();
    assert!(matches!(mysql.migrate().await, Err(StoreError::Engine(_))));
    // The lock is free all the same.
    beside.execute("DELETE FROM _sqlx_migrations").await.unwrap();
    mysql.migrate().await.unwrap();
}

#[tokio::test]
async fn every_migration_can_be_run_again() {
    let url = fresh_database().await;
    let mysql = mysql(url.clone()).await;
    mysql.migrate().await.unwrap();
    PredictionLog::insert(&mysql, &records(3)).await.unwrap();
    beside(&url).await.execute("UPDATE _sqlx_migrations SET success = FALSE").await.unwrap();
    assert!(!mysql.is_migrated().await.unwrap());
    mysql.migrate().await.unwrap();
    assert!(mysql.is_migrated().await.unwrap());
    assert_eq!(PredictionLog::count(&mysql).await.unwrap(), 3);
}
