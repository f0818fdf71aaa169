//! How a worker is called in a queue.

use std::fmt;

use uuid::Uuid;

/// A name no other life of any worker bears: host, process and chance. A name used twice makes a queue
/// take two workers for one, and hand the jobs of the living to the other as a dead one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerName(String);

impl WorkerName {
    /// A new name for a worker on this host, in this process.
    pub fn unique(host: &str) -> Self {
        let host: String = host.chars().filter(char::is_ascii_graphic).take(64).collect();
        Self(format!("{host}-{}-{}", std::process::id(), Uuid::now_v7().simple()))
    }

    /// The name as queues store it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
