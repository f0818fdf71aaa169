//! What every database does as a whole.

use bellwether_store::{Database, PredictionLog};
use chrono::TimeDelta;

use crate::builders::{morning, records};

/// Starts from a database that was not migrated.
pub(crate) async fn a_database_is_migrated_once(database: &impl Database) {
    database.ping().await.unwrap();
    assert!(!database.is_migrated().await.unwrap());
    database.migrate().await.unwrap();
    assert!(database.is_migrated().await.unwrap());
    PredictionLog::insert(database, &records(3)).await.unwrap();
    database.migrate().await.unwrap();
    assert!(database.is_migrated().await.unwrap());
    assert_eq!(PredictionLog::count(database).await.unwrap(), 3);
}

pub(crate) async fn days_are_prepared_as_often_as_one_likes(database: &impl Database) {
    database.migrate().await.unwrap();
    PredictionLog::insert(database, &records(3)).await.unwrap();
    for day in [0, 0, 1, -1, 40] {
        database.prepare_days(morning() + TimeDelta::days(day)).await.unwrap();
    }
    assert_eq!(PredictionLog::recent(database, 10).await.unwrap().len(), 3);
}

pub(crate) async fn a_closed_database_says_so(database: &impl Database) {
    database.close().await;
    assert!(database.ping().await.unwrap_err().is_transient());
}
