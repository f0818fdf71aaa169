//! Throwaway Redis servers: standalone, with a password, with TLS, and clusters.

mod certificates;
mod cluster;
mod process;

pub use cluster::RedisCluster;
pub use process::{Kept, RedisBuilder, RedisProcess};
