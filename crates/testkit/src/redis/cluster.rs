//! Three servers that share the keys among them.

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{RedisBuilder, RedisProcess};

/// How long the nodes may take to agree.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster of three masters. Dropping it kills them.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisProcess>,
    /// Holds the certificates that they share.
    _folder: TempDir,
}

impl RedisCluster {
    /// Starts a cluster of plain servers.
    pub fn start() -> Self {
        Self::start_of(&RedisBuilder::default())
    }

    /// Starts a cluster of such servers.
    ///
    /// # Panics
    /// If they do not agree.
    pub fn start_of(node: &RedisBuilder) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let node = node.clone().node(folder.path());
        let nodes: Vec<_> = (0..3).map(|_| node.clone().start()).collect();
        for other in &nodes[1..] {
            let (host, port) = ("127.0.0.1", other.port());
            nodes[0].cli(&["cluster", "meet", host, &port, &other.bus_port()]);
        }
        for (at, node) in nodes.iter().enumerate() {
            let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")][at];
            node.cli(&["cluster", "addslotsrange", slots.0, slots.1]);
        }
        let cluster = Self { nodes, _folder: folder };
        let begun = Instant::now();
        while !cluster.agrees() {
            assert!(begun.elapsed() < PATIENCE, "the nodes do not agree");
            std::thread::sleep(Duration::from_millis(20));
        }
        cluster
    }

    fn agrees(&self) -> bool {
        self.nodes.iter().all(|node| {
            let info = node.cli(&["cluster", "info"]);
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
    }

    /// Where one of the nodes is, as a configuration endpoint would be.
    pub fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// The same without the password.
    pub fn bare_url(&self) -> String {
        self.nodes[0].bare_url()
    }

    /// The nodes.
    pub fn nodes(&mut self) -> &mut [RedisProcess] {
        &mut self.nodes
    }

    /// The certificates to trust, where it speaks TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.nodes[0].ca_file()
    }
}
