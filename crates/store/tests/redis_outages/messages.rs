//! Word of config changes over connections that break.

use std::time::Duration;

use bellwether_store::ConfigChanges as _;
use bellwether_store::redis::RedisConfigChanges;
use bellwether_testkit::redis::{Kept, RedisProcess};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::{PATIENCE, reach};

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_whose_connection_is_cut_is_told_and_hears_again() {
    let redis = RedisProcess::start();
    let changes = RedisConfigChanges::new(reach(&redis).await);
    let mut heard = changes.listen("stage");
    timeout(PATIENCE, heard.next()).await.expect("it listens").unwrap();

    redis.cli(&["client", "kill", "type", "pubsub"]);
    timeout(PATIENCE, heard.next()).await.expect("a message may have been missed").unwrap();
    changes.announce("stage").await.unwrap();
    timeout(Duration::from_secs(1), heard.next()).await.expect("it listens again").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_outlives_a_restart_and_a_redis_that_hangs() {
    let mut redis = RedisProcess::start();
    let changes = RedisConfigChanges::new(reach(&redis).await);
    let mut heard = changes.listen("stage");
    timeout(PATIENCE, heard.next()).await.expect("it listens").unwrap();

    redis.restart(Kept::Nothing);
    timeout(PATIENCE, heard.next()).await.expect("a message may have been missed").unwrap();

    // No connection is closed, and none answers: only asking finds out.
    redis.stop_process();
    assert!(timeout(Duration::from_secs(8), heard.next()).await.is_err(), "nobody said anything");
    redis.continue_process();
    timeout(PATIENCE, heard.next()).await.expect("a message may have been missed").unwrap();
    changes.announce("stage").await.unwrap();
    timeout(Duration::from_secs(1), heard.next()).await.expect("it listens again").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_to_a_redis_that_hangs_fails_within_seconds() {
    let redis = RedisProcess::start();
    let changes = RedisConfigChanges::new(reach(&redis).await);
    changes.announce("stage").await.unwrap();
    redis.stop_process();
    let failed = timeout(Duration::from_secs(3), changes.announce("stage")).await.expect("in time");
    assert!(failed.unwrap_err().is_transient());
}
