//! The Redis that the settings name, and what is kept in it: or in this process, where they name none.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bellwether_settings::Settings;
use bellwether_store::memory::{MemoryConfigChanges, MemorySightings};
use bellwether_store::redis::{RedisConfigChanges, RedisOptions, RedisServer, RedisSightings};
use bellwether_store::{ConfigChanges, Sightings};
use secrecy::ExposeSecret as _;

use crate::{Absence, login};

/// The Redis that `redis.url` names, if it names one. One that cannot be reached is an error, or is waited for,
/// as `absence` says; one that turns the login away is an error always.
///
/// # Errors
/// Naming the setting at fault.
pub async fn redis(settings: &Settings, absence: Absence) -> anyhow::Result<Option<RedisServer>> {
    let redis = &settings.redis;
    if redis.url.expose_secret().is_empty() {
        return Ok(None);
    }
    let options = RedisOptions {
        cluster: redis.cluster,
        ca_file: (!redis.ca_file.is_empty()).then(|| PathBuf::from(&redis.ca_file)),
        // Environments share a server, but neither sightings nor jobs.
        prefix: format!("{}:{}", redis.prefix, settings.environment.as_str()),
        budget: Duration::from_millis(redis.budget_milliseconds),
        max_connections: redis.max_connections,
    };
    let name = settings.name_of("redis");
    let connected = RedisServer::connect(login::redis(settings), options).await;
    let server = connected.with_context(|| format!("{name}.url"))?;
    match server.ping().await {
        Ok(()) => {}
        Err(error) if error.is_transient() && absence == Absence::Waited => {
            tracing::warn!(%error, "Redis is away: it is waited for");
        }
        Err(error) => {
            let context = format!("{name}.url, {name}.user, {name}.password: Redis cannot be used");
            return Err(error).context(context);
        }
    }
    Ok(Some(server))
}

/// Counts sightings in Redis, or in this process.
pub async fn sightings(redis: Option<&RedisServer>) -> Arc<dyn Sightings> {
    match redis {
        Some(server) => Arc::new(RedisSightings::open(server.clone()).await),
        None => Arc::new(MemorySightings::default()),
    }
}

/// Carries word of config changes through Redis, or within this process.
pub fn config_changes(redis: Option<&RedisServer>) -> Arc<dyn ConfigChanges> {
    match redis {
        Some(server) => Arc::new(RedisConfigChanges::new(server.clone())),
        None => Arc::new(MemoryConfigChanges::default()),
    }
}
