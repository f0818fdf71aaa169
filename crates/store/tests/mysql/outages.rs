//! Servers that stop, die, come back, or never were.

use std::time::{Duration, Instant};

use bellwether_store::mysql::{Mysql, MysqlOptions};
use bellwether_store::{ConfigStore, Database, PredictionLog, Replicas as _, StoreError};
use bellwether_testkit::mariadb::{MariaDb, fresh_database};
use bellwether_testkit::wait::until;
use futures_util::future::join_all;
use sqlx::Executor as _;

use crate::builders::{record, records};
use crate::{SOON, beside, connect, login, options, until_one_waits};

/// What a call may take: a connection, a statement, and a slow machine.
const BOUND: Duration = Duration::from_millis(2_000);

/// Asks something, and checks that the answer comes within bounds.
async fn ask(mysql: &Mysql) -> Result<(), StoreError> {
    let started = Instant::now();
    let answer = mysql.live("stage").await;
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    answer.map(drop)
}

async fn away(mysql: &Mysql) {
    for answer in join_all((0..8).map(|_| ask(mysql))).await {
        let error = answer.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}

async fn back(mysql: &Mysql) {
    until("the database answers again", Duration::from_secs(20), async || ask(mysql).await.is_ok()).await;
    for answer in join_all((0..20).map(|_| ask(mysql))).await {
        answer.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_holds_nobody_and_is_used_again() {
    let server = MariaDb::start().await;
    let url = server.create_database().await;
    let mysql = connect(&url, MysqlOptions { max_connections: 3, ..options() }).await.unwrap();
    mysql.migrate().await.unwrap();
    back(&mysql).await;
    server.stop_process();
    for _ in 0..3 {
        away(&mysql).await;
    }
    server.continue_process();
    back(&mysql).await;
    let beside = beside(&url).await;
    let open = "SELECT count(*) FROM information_schema.processlist WHERE db = database()";
    let beside = tokio::sync::Mutex::new(beside);
    until("connections given up are closed", Duration::from_secs(20), async || {
        let mut beside = beside.lock().await;
        // Three of the pool, and this one.
        sqlx::query_scalar::<_, i64>(open).fetch_one(&mut *beside).await.unwrap() <= 4
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_that_comes_back_is_used_again() {
    let server = MariaDb::start().await;
    let mysql = connect(&server.create_database().await, options()).await.unwrap();
    mysql.migrate().await.unwrap();
    for _ in 0..2 {
        back(&mysql).await;
        PredictionLog::insert(&mysql, &records(10)).await.unwrap();
        server.kill();
        away(&mysql).await;
        server.restart().await;
        back(&mysql).await;
        assert_eq!(PredictionLog::count(&mysql).await.unwrap(), 10);
    }
}

#[tokio::test]
async fn a_process_can_start_while_the_database_is_away() {
    let server = MariaDb::start().await;
    let url = server.create_database().await;
    server.kill();
    let started = Instant::now();
    let mysql = Mysql::connect_lazy(login(&url), options()).await.unwrap();
    assert!(started.elapsed() < SOON / 2);
    away(&mysql).await;
    server.restart().await;
    mysql.migrate().await.unwrap();
    back(&mysql).await;
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_unavailable_in_time() {
    // One that takes connections and says nothing, and one that is not there.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ports = [&silent, &nobody].map(|listener| listener.local_addr().unwrap().port());
    drop(nobody);
    for port in ports {
        let started = Instant::now();
        let refused = connect(&format!("mysql://u:p@127.0.0.1:{port}/d"), options()).await.unwrap_err();
        assert!(refused.is_transient(), "{refused:?}");
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_server_that_only_reads_is_unavailable_until_it_writes() {
    let server = MariaDb::start().await;
    let url = server.create_database().await;
    connect(&url, options()).await.unwrap().migrate().await.unwrap();
    // Those who may do everything may write even then.
    server.execute("CREATE USER app IDENTIFIED BY 'pw'; GRANT SELECT, DELETE ON *.* TO app").await;
    let url = url.replace(url.rsplit_once('@').unwrap().0, "mysql://app:pw");
    let mysql = connect(&url, MysqlOptions { max_connections: 1, ..options() }).await.unwrap();
    let mut beside = beside(&url).await;
    let mine =
        "SELECT max(id) FROM information_schema.processlist WHERE user = 'app' AND id <> connection_id()";
    let connections = [false, true, false].map(|read_only| format!("SET GLOBAL read_only = {read_only}"));
    for (setting, writes) in connections.iter().zip([true, false, true]) {
        server.execute(setting).await;
        let before: i64 = sqlx::query_scalar(mine).fetch_one(&mut beside).await.unwrap();
        let outcome = mysql.forget("stage", "api-0").await;
        assert_eq!(outcome.map_err(|error| error.is_transient()), if writes { Ok(false) } else { Err(true) });
        mysql.live("stage").await.unwrap();
        let after: i64 = sqlx::query_scalar(mine).fetch_one(&mut beside).await.unwrap();
        assert_eq!(before == after, writes, "a new connection may find another server");
    }
}

/// A table that nobody may read or write until the connection is closed.
async fn locked(url: &str) -> sqlx::MySqlConnection {
    let mut holder = beside(url).await;
    holder.execute("LOCK TABLES model_logs WRITE").await.unwrap();
    holder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_costs_its_connection() {
    let url = fresh_database().await;
    let mysql = connect(&url, MysqlOptions { max_connections: 1, ..options() }).await.unwrap();
    mysql.migrate().await.unwrap();
    let holder = locked(&url).await;
    for _ in 0..3 {
        let started = Instant::now();
        let late = PredictionLog::find(&mysql, record(1).uid()).await.unwrap_err();
        assert!(late.is_transient(), "{late:?}");
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        // The one connection there may be is free for others.
        mysql.live("stage").await.unwrap();
    }
    drop(holder);
    until("the lock is gone", Duration::from_secs(20), async || {
        PredictionLog::insert(&mysql, &records(3)).await.is_ok()
    })
    .await;
    assert_eq!(PredictionLog::count(&mysql).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_under_way_when_the_server_stops_ends_in_time() {
    let server = MariaDb::start().await;
    let url = server.create_database().await;
    let statement_timeout = Duration::from_secs(2);
    let mysql = connect(&url, MysqlOptions { statement_timeout, ..options() }).await.unwrap();
    mysql.migrate().await.unwrap();
    let mut holder = locked(&url).await;
    let call = tokio::spawn({
        let mysql = mysql.clone();
        async move { PredictionLog::find(&mysql, record(1).uid()).await }
    });
    until_one_waits(
        &mut holder,
        "SELECT count(*) FROM information_schema.processlist WHERE state LIKE 'Waiting%lock'",
    )
    .await;
    // From here on the server does not even tell that the wait was too long.
    server.stop_process();
    let late = tokio::time::timeout(statement_timeout + SOON, call).await.unwrap().unwrap();
    assert!(late.unwrap_err().is_transient());
    server.continue_process();
    drop(holder);
    back(&mysql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_given_up_costs_nobody_else() {
    let url = fresh_database().await;
    let patient = MysqlOptions { statement_timeout: Duration::from_secs(60), ..options() };
    let mysql = connect(&url, MysqlOptions { max_connections: 1, ..patient }).await.unwrap();
    mysql.migrate().await.unwrap();
    let _holder = locked(&url).await;
    for _ in 0..3 {
        let all = records(3);
        tokio::select! {
            _ = PredictionLog::insert(&mysql, &all) => panic!("the table is locked"),
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        mysql.live("stage").await.unwrap();
    }
}
