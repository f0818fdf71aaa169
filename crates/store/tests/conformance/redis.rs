//! The servers that engines on Redis are tried on. Each test has one of its own.

use std::sync::Arc;
use std::time::Duration;

use bellwether_store::LoginDetails;
use bellwether_store::redis::{RedisOptions, RedisServer};
use bellwether_testkit::redis::{RedisBuilder, RedisCluster, RedisProcess};

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Standalone,
    TlsAndPassword,
    Cluster,
    ClusterTlsAndPassword,
}

/// Keeps a server alive for the time of a test.
pub(crate) enum Kept {
    Server { _it: RedisProcess },
    Cluster { _it: RedisCluster },
}

pub(crate) async fn reach(kind: Kind) -> (RedisServer, Kept) {
    let secured = || RedisBuilder::default().tls().password("one two/three@four");
    let mut options = RedisOptions { budget: Duration::from_secs(2), ..RedisOptions::default() };
    let (url, kept) = match kind {
        Kind::Standalone | Kind::TlsAndPassword => {
            let plain = matches!(kind, Kind::Standalone);
            let server = if plain { RedisProcess::start() } else { secured().start() };
            options.ca_file = server.ca_file().map(Into::into);
            (server.bare_url(), Kept::Server { _it: server })
        }
        Kind::Cluster | Kind::ClusterTlsAndPassword => {
            let plain = matches!(kind, Kind::Cluster);
            let cluster = if plain { RedisCluster::start() } else { RedisCluster::start_of(&secured()) };
            options.cluster = true;
            options.ca_file = cluster.ca_file().map(Into::into);
            (cluster.bare_url(), Kept::Cluster { _it: cluster })
        }
    };
    let mut login = LoginDetails::of_url(url);
    if matches!(kind, Kind::TlsAndPassword | Kind::ClusterTlsAndPassword) {
        login.password = "one two/three@four".into();
    }
    (RedisServer::connect(Arc::new(login), options).await.unwrap(), kept)
}
