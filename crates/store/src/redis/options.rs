//! How a Redis is used, beside where it is and who enters it.

use std::path::PathBuf;
use std::time::Duration;

/// Options of a [`super::RedisServer`].
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Whether the URL is the configuration endpoint of a cluster.
    pub cluster: bool,
    /// A PEM file of certificates to trust instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// What every key begins with.
    pub prefix: String,
    /// How long a call on the request path may take.
    pub budget: Duration,
    /// Connections for jobs, replicas and admin work, at most.
    pub max_connections: usize,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            cluster: false,
            ca_file: None,
            prefix: "bellwether".to_owned(),
            budget: Duration::from_millis(25),
            max_connections: 8,
        }
    }
}
