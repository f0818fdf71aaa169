//! A password that is changed while we run.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_store::redis::{RedisOptions, RedisServer, RedisSightings};
use bellwether_store::{Login, LoginDetails, Sightings as _};
use bellwether_testkit::redis::{RedisBuilder, RedisCluster};
use bellwether_testkit::wait;
use chrono::Utc;

use crate::PATIENCE;

/// A secret that someone else changes.
struct Secret {
    url: String,
    password: Mutex<&'static str>,
    known: Mutex<&'static str>,
    asked: AtomicU32,
}

impl Secret {
    fn new(url: String, known: &'static str, password: &'static str) -> Arc<Self> {
        let (known, password) = (Mutex::new(known), Mutex::new(password));
        Arc::new(Self { url, password, known, asked: AtomicU32::new(0) })
    }
}

#[async_trait]
impl Login for Secret {
    async fn details(&self) -> LoginDetails {
        let mut details = LoginDetails::of_url(self.url.clone());
        details.password = (*self.known.lock().unwrap()).into();
        details
    }

    async fn renewed(&self) -> LoginDetails {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.known.lock().unwrap() = *self.password.lock().unwrap();
        self.details().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_changes_is_asked_for_anew_without_a_restart() {
    let redis = RedisBuilder::default().password("old-password").start();
    let secret = Secret::new(redis.bare_url(), "old-password", "old-password");
    let server = RedisServer::connect(secret.clone(), RedisOptions::default()).await.unwrap();
    let sightings = RedisSightings::open(server.clone()).await;
    let see = async || sightings.see("c1", Duration::from_secs(60), Utc::now()).await;
    assert_eq!(see().await, Some(0));
    assert_eq!(secret.asked.load(Ordering::SeqCst), 0);

    *secret.password.lock().unwrap() = "new-password";
    redis.cli(&["config", "set", "requirepass", "new-password"]);
    redis.cli_as("new-password", &["client", "kill", "type", "normal"]);
    wait::until("sightings are counted again", PATIENCE, async || see().await.is_some()).await;
    server.ping().await.unwrap();
    assert_eq!(secret.asked.load(Ordering::SeqCst), 1, "once, though both ways in were turned away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_turns_the_login_away_has_it_asked_for_anew() {
    let cluster = RedisCluster::start_of(&RedisBuilder::default().password("password"));
    let secret = Secret::new(cluster.bare_url(), "outdated", "password");
    let options = RedisOptions { cluster: true, ..RedisOptions::default() };
    let server = RedisServer::connect(secret.clone(), options).await.unwrap();
    server.ping().await.unwrap();
    assert_eq!(secret.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_stays_wrong_is_an_error_and_no_loop() {
    let redis = RedisBuilder::default().password("password").start();
    for known in ["wrong", ""] {
        let secret = Secret::new(redis.bare_url(), known, known);
        let server = RedisServer::connect(secret.clone(), RedisOptions::default()).await.unwrap();
        assert!(server.ping().await.is_err(), "with {known:?}");
        assert_eq!(secret.asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn what_is_no_redis_is_said_at_once() {
    let connect = |url: &str, ca_file: Option<&str>| {
        let options = RedisOptions { ca_file: ca_file.map(Into::into), ..RedisOptions::default() };
        RedisServer::connect(Arc::new(LoginDetails::of_url(url.to_owned())), options)
    };
    assert!(connect("mysql://localhost", None).await.is_err());
    assert!(connect("rediss://localhost", Some("/nowhere/ca.pem")).await.is_err());
    let connected = connect("redis://:secret@localhost", None).await.unwrap();
    assert!(!format!("{connected:?}").contains("secret"));
}
