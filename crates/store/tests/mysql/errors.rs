//! What a caller is told of the server's errors.

use std::time::Duration;

use bellwether_store::mysql::MysqlOptions;
use bellwether_store::{ClientRow, Clients, ConfigStore as _, Database as _, PredictionLog, StoreError};
use bellwether_testkit::mariadb::fresh_database;
use serde_json::Map;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::builders::{record, records};
use crate::{beside, connect, options, until_one_waits};

/// What a server's error means, as it is raised by the server itself.
async fn raised(connection: &mut sqlx::MySqlConnection, number: u16, state: &str) -> &'static str {
    let signal = format!("SIGNAL SQLSTATE '{state}' SET MYSQL_ERRNO = {number}");
    match StoreError::from(connection.execute(AssertSqlSafe(signal)).await.unwrap_err()) {
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Refused(_) => "refused",
        StoreError::Engine(_) => "engine",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn errors_say_what_can_be_done_about_them() {
    let mut connection = beside(&fresh_database().await).await;
    for (number, state, meaning) in [
        (1040, "08004", "unavailable"), // too many connections
        (1053, "08S01", "unavailable"), // shutting down
        (1205, "HY000", "unavailable"), // lock wait
        (1213, "40001", "unavailable"), // deadlock
        (1290, "HY000", "unavailable"), // read-only
        (1114, "HY000", "unavailable"), // full
        (1021, "HY000", "unavailable"), // disk full
        (1927, "70100", "unavailable"), // connection killed
        (1317, "70100", "unavailable"), // interrupted
        (1406, "22001", "refused"),     // too long
        (1264, "22003", "refused"),     // out of range
        (1048, "23000", "refused"),     // null
        (1062, "23000", "refused"),     // there already
        (3140, "22032", "refused"),     // no JSON
        (1153, "08S01", "refused"),     // larger than a packet
        (1146, "42S02", "engine"),      // no such table
        (1064, "42000", "engine"),      // syntax
        (1044, "42000", "engine"),      // not for this user
        (1045, "28000", "engine"),      // wrong password
    ] {
        assert_eq!(raised(&mut connection, number, state).await, meaning, "{number}");
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_and_nothing_of_its_batch_is_stored() {
    let mysql = connect(&fresh_database().await, options()).await.unwrap();
    mysql.migrate().await.unwrap();
    let mut batch = records(250);
    batch[201].client_id = Some("c".repeat(256));
    let refused = PredictionLog::insert(&mysql, &batch).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert_eq!(PredictionLog::count(&mysql).await.unwrap(), 0);

    let fits = ClientRow { client_id: "c".to_owned(), ltv: None, features: Map::new() };
    let long = ClientRow { client_id: "c".repeat(256), ..fits.clone() };
    assert!(matches!(mysql.upsert(&[fits, long]).await, Err(StoreError::Refused(_))));
    assert_eq!(Clients::count(&mysql).await.unwrap(), 0);
}

#[tokio::test]
async fn a_batch_larger_than_a_packet_is_cut() {
    let mysql = connect(&fresh_database().await, options()).await.unwrap();
    mysql.migrate().await.unwrap();
    let mut batch = records(60);
    for record in &mut batch {
        record.input.insert("text".to_owned(), "x".repeat(1 << 20).into());
    }
    // 60 MiB, where servers take 16 MiB.
    assert_eq!(PredictionLog::insert(&mysql, &batch).await.unwrap(), 60);
    assert_eq!(PredictionLog::find(&mysql, record(59).uid()).await.unwrap().as_ref(), batch.last());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_ended_for_another_s_sake_is_made_again() {
    let url = fresh_database().await;
    let patient = MysqlOptions { statement_timeout: Duration::from_secs(20), ..options() };
    let mysql = connect(&url, patient).await.unwrap();
    mysql.migrate().await.unwrap();
    let client = |id: &str, ltv| ClientRow { client_id: id.to_owned(), ltv: Some(ltv), features: Map::new() };
    let rows = |ltv| ["a", "b"].map(|id| client(id, ltv));
    mysql.upsert(&rows(1.0)).await.unwrap();
    let (mut other, mut watch) = (beside(&url).await, beside(&url).await);
    // The other holds the second row, and has more to lose.
    let heavy = "START TRANSACTION;
        INSERT INTO client_ltv (client_id, ltv)
          SELECT concat('x', column_name, '.', table_name, '.', ordinal_position), 1
          FROM information_schema.columns WHERE table_schema = database();
        UPDATE client_features SET features = '{\"other\": 1}' WHERE client_id = 'b'";
    other.execute(heavy).await.unwrap();
    let ours = tokio::spawn({
        let (mysql, rows) = (mysql.clone(), rows(2.0));
        async move { mysql.upsert(&rows).await }
    });
    // A pause in it: a server looks anew only if it was not asked for a tenth of a second.
    let waiting = "SELECT count(*) + 0 * sleep(0.15) FROM information_schema.innodb_trx
        JOIN information_schema.processlist ON id = trx_mysql_thread_id
        WHERE db = database() AND trx_state = 'LOCK WAIT'";
    until_one_waits(&mut watch, waiting).await;
    // Now each waits for the other, and the server ends ours.
    other
        .execute("UPDATE client_features SET features = '{\"other\": 1}' WHERE client_id = 'a'")
        .await
        .unwrap();
    other.execute("COMMIT").await.unwrap();
    assert_eq!(ours.await.unwrap().unwrap(), 2);
    assert_eq!(mysql.features("a").await.unwrap(), Some(Map::new()));
    assert_eq!(mysql.ltv("b").await.unwrap(), Some(2.0));
}

#[tokio::test]
async fn a_missing_table_is_not_the_value_s_fault() {
    let mysql = connect(&fresh_database().await, options()).await.unwrap();
    let missing = PredictionLog::insert(&mysql, &records(1)).await.unwrap_err();
    assert!(matches!(missing, StoreError::Engine(_)), "{missing:?}");
    assert!(matches!(mysql.live("stage").await, Err(StoreError::Engine(_))));
}
