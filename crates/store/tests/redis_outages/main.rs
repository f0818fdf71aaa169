//! What happens to sightings and messages when Redis hangs, restarts, loses its scripts or changes its password.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod login;
mod measures;
mod messages;
mod sightings;

use std::sync::Arc;
use std::time::Duration;

use bellwether_store::LoginDetails;
use bellwether_store::redis::{RedisOptions, RedisServer};
use bellwether_testkit::redis::RedisProcess;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

async fn reach(redis: &RedisProcess) -> RedisServer {
    let login = Arc::new(LoginDetails::of_url(redis.url()));
    RedisServer::connect(login, RedisOptions::default()).await.unwrap()
}
