//! What is kept in Redis: sightings and word of config changes; and how Redis is reached, which the queue of
//! crate `bellwether-jobs` uses too. Nothing in Redis is irreplaceable.
//!
//! Two ways lead in. A `HotConnection` is for the request path: one multiplexed connection, a hard budget a call,
//! and no call at all while Redis is away. [`RedisServer::pooled`] is for jobs, replicas and admin work.

mod access;
mod breaker;
mod cluster_pool;
mod config_changes;
mod connection;
mod errors;
mod hot;
mod options;
mod server;
mod sightings;

pub use config_changes::RedisConfigChanges;
pub use connection::PooledConnection;
pub use options::RedisOptions;
pub use server::RedisServer;
pub use sightings::RedisSightings;
