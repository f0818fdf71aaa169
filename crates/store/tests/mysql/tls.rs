//! The way to the database, encrypted and checked.

use std::path::PathBuf;

use bellwether_store::mysql::{Mysql, MysqlOptions, MysqlTls};
use bellwether_store::{Database as _, StoreError};
use bellwether_testkit::mariadb::MariaDb;

use crate::{connect, options};

fn with(tls: MysqlTls, ca_file: Option<PathBuf>) -> MysqlOptions {
    MysqlOptions { tls, ca_file, ..options() }
}

/// No waiting heals it.
fn is_refused(outcome: Result<Mysql, StoreError>) -> String {
    match outcome {
        Err(StoreError::Engine(reason)) => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_with_tls_is_entered_as_asked() {
    let server = MariaDb::start_with_tls().await;
    let database = server.create_database().await;
    // Whoever gets in by this user came encrypted.
    server.execute("CREATE USER 'secret'@'%' IDENTIFIED BY 'pw' REQUIRE SSL").await;
    server.execute("GRANT ALL ON *.* TO 'secret'@'%'").await;
    let (_, host) = database.rsplit_once('@').unwrap();
    let by_number = format!("mysql://secret:pw@{host}");
    let by_name = by_number.replace("127.0.0.1", "localhost");
    let ca = Some(server.ca_file());

    connect(&by_name, with(MysqlTls::Verify, ca.clone())).await.unwrap().ping().await.unwrap();
    connect(&by_number, with(MysqlTls::Required, None)).await.unwrap().ping().await.unwrap();
    connect(&by_number, with(MysqlTls::Preferred, None)).await.unwrap().ping().await.unwrap();
    is_refused(connect(&by_number, with(MysqlTls::Off, None)).await);
    is_refused(connect(&by_number, with(MysqlTls::Verify, ca)).await);
    is_refused(connect(&by_name, with(MysqlTls::Verify, None)).await);
}

#[tokio::test]
async fn a_server_without_tls_is_entered_only_where_that_will_do() {
    let server = MariaDb::start().await;
    let url = server.create_database().await;
    connect(&url, with(MysqlTls::Preferred, None)).await.unwrap();
    connect(&url, with(MysqlTls::Off, None)).await.unwrap();
    is_refused(connect(&url, with(MysqlTls::Required, None)).await);
    is_refused(connect(&url, with(MysqlTls::Verify, None)).await);
}

#[tokio::test]
async fn a_ca_file_that_holds_no_certificate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, missing) = (folder.path().join("empty.pem"), folder.path().join("missing.pem"));
    std::fs::write(&empty, "nothing").unwrap();
    for file in [empty, missing] {
        let reason =
            is_refused(connect("mysql://127.0.0.1/d", with(MysqlTls::Verify, Some(file.clone()))).await);
        assert!(reason.contains(file.to_str().unwrap()), "{reason}");
    }
}
