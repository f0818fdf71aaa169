//! Logins that are turned away, and passwords that change while we run.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_store::mysql::{Mysql, MysqlOptions};
use bellwether_store::{ConfigStore, Database, Login, LoginDetails, StoreError};
use bellwether_testkit::mariadb::MariaDb;
use bellwether_testkit::wait::until;
use tokio::task::JoinSet;

use crate::options;

/// A login whose password changes in its source, and here only when it is asked for anew.
struct Rotating {
    url: String,
    known: Mutex<String>,
    source: Mutex<String>,
    asked: AtomicU32,
}

impl Rotating {
    fn new(url: String, known: &str, source: &str) -> Arc<Self> {
        Arc::new(Self {
            url,
            known: Mutex::new(known.to_owned()),
            source: Mutex::new(source.to_owned()),
            asked: AtomicU32::new(0),
        })
    }
}

#[async_trait]
impl Login for Rotating {
    async fn details(&self) -> LoginDetails {
        let password = self.known.lock().unwrap().clone();
        LoginDetails { url: self.url.clone().into(), user: "app".into(), password: password.into() }
    }

    async fn renewed(&self) -> LoginDetails {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let password = self.source.lock().unwrap().clone();
        *self.known.lock().unwrap() = password;
        self.details().await
    }
}

async fn server_with_user(password: &str) -> (MariaDb, String) {
    let server = MariaDb::start().await;
    let url = server.create_database().await;
    let database = url.rsplit('/').next().unwrap();
    server.execute(&format!("CREATE USER 'app'@'%' IDENTIFIED BY '{password}'")).await;
    server.execute(&format!("GRANT ALL ON {database}.* TO 'app'@'%'")).await;
    let url = server.bare_url(database);
    (server, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_changes_while_the_database_is_busy() {
    let (server, url) = server_with_user("one").await;
    let login = Rotating::new(url, "one", "one");
    let mysql =
        Mysql::connect(login.clone(), MysqlOptions { max_connections: 4, ..options() }).await.unwrap();
    mysql.migrate().await.unwrap();
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut busy = JoinSet::new();
    for _ in 0..8 {
        let (mysql, done, answered) = (mysql.clone(), done.clone(), answered.clone());
        busy.spawn(async move {
            while !done.load(Ordering::SeqCst) {
                match mysql.live("stage").await {
                    Ok(_) => drop(answered.fetch_add(1, Ordering::SeqCst)),
                    // A call whose connection was killed under it may fail, but only so.
                    Err(error) => assert!(error.is_transient(), "{error:?}"),
                }
            }
        });
    }
    let answers = async |more: u32| {
        let enough = answered.load(Ordering::SeqCst) + more;
        let patience = Duration::from_secs(20);
        until("calls go on", patience, async || answered.load(Ordering::SeqCst) >= enough).await;
    };
    for password in ["two", "three"] {
        answers(50).await;
        // The source first, as whoever rotates does it.
        password.clone_into(&mut login.source.lock().unwrap());
        server.execute(&format!("ALTER USER 'app'@'%' IDENTIFIED BY '{password}'")).await;
        server.execute("KILL USER app").await;
        answers(50).await;
    }
    done.store(true, Ordering::SeqCst);
    while let Some(task) = busy.join_next().await {
        task.unwrap();
    }
    assert!(login.asked.load(Ordering::SeqCst) >= 2);
}

#[tokio::test]
async fn a_wrong_password_is_no_outage() {
    let (_server, url) = server_with_user("right").await;
    let login = Rotating::new(url, "wrong", "wrong too");
    let refused = Mysql::connect(login.clone(), options()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Engine(_)), "{refused:?}");
    let reason = std::error::Error::source(&refused).unwrap().to_string();
    assert!(reason.contains("Access denied"), "{reason}");
    assert!(!reason.contains("wrong"), "{reason}");
    assert_eq!(login.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stale_password_is_read_anew_at_the_first_connection() {
    let (_server, url) = server_with_user("new").await;
    let login = Rotating::new(url, "old", "new");
    Mysql::connect(login.clone(), options()).await.unwrap().ping().await.unwrap();
    assert_eq!(login.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn user_and_password_need_no_encoding_and_win_over_the_url() {
    let password = "p@ss:w/ord%20 #?é\"";
    let (_server, url) = server_with_user(password).await;
    let url = url.replace("mysql://", "mysql://nobody:nothing@");
    let login = Rotating::new(url, password, password);
    Mysql::connect(login.clone(), options()).await.unwrap().ping().await.unwrap();
    assert_eq!(login.asked.load(Ordering::SeqCst), 0);
}
