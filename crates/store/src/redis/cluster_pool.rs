//! A pool of connections to a cluster. deadpool-redis has one as well, but its takes neither certificates nor
//! timeouts.

use deadpool::managed::{Manager, Metrics, Object, Pool, RecycleResult};
use redis::RedisError;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;

pub(super) type ClusterPool = Pool<ClusterManager>;
pub(super) type Loan = Object<ClusterManager>;

/// Makes connections to a cluster, and sees whether they still work.
pub(super) struct ClusterManager {
    client: ClusterClient,
}

impl ClusterManager {
    pub(super) fn new(client: ClusterClient) -> Self {
        Self { client }
    }
}

impl Manager for ClusterManager {
    type Type = ClusterConnection;
    type Error = RedisError;

    async fn create(&self) -> Result<ClusterConnection, RedisError> {
        self.client.get_async_connection().await
    }

    async fn recycle(&self, connection: &mut ClusterConnection, _: &Metrics) -> RecycleResult<RedisError> {
        // Asks every node that holds keys.
        redis::cmd("PING").query_async::<()>(connection).await?;
        Ok(())
    }
}
