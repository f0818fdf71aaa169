//! What one login opens: clients and a pool, made anew when the login changes. Making them needs no network.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{HookError, PoolError, Timeouts};
use redis::aio::{PubSubSink, PubSubStream};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, RedisError, RedisResult,
    TlsCertificates,
};
use secrecy::ExposeSecret as _;

use super::cluster_pool::{ClusterManager, ClusterPool};
use super::connection::{Loan, PooledConnection, SharedConnection};
use super::errors::timed_out;
use super::options::RedisOptions;
use crate::LoginDetails;

/// The longest that connecting, or a call off the request path, may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// How long a connection on loan may take to show that it still works.
const CHECK: Duration = Duration::from_millis(250);
/// Calls that may wait to be written on a shared connection.
const WRITES_WAITING: usize = 1_024;

pub(super) struct Access {
    details: LoginDetails,
    /// For the one server, or for the node that a cluster's URL names.
    single: Client,
    cluster: Option<ClusterClient>,
    pool: Pool,
}

enum Pool {
    Single(deadpool_redis::Pool),
    Cluster(ClusterPool),
}

impl Access {
    pub(super) fn new(
        details: LoginDetails,
        options: &RedisOptions,
        certificates: Option<&[u8]>,
    ) -> RedisResult<Self> {
        let trusted = || TlsCertificates { client_tls: None, root_cert: certificates.map(<[u8]>::to_vec) };
        let given = connection_info(&details)?;
        let single = match certificates {
            Some(_) => Client::build_with_tls(given, trusted())?,
            None => Client::open(given)?,
        };
        // The client's own, which bears the certificates.
        let info = single.get_connection_info().clone();
        let cluster = match (options.cluster, certificates) {
            (false, _) => None,
            (true, None) => Some(cluster(info.clone()).build()?),
            (true, Some(_)) => Some(cluster(info.clone()).certs(trusted()).build()?),
        };
        let pool = match &cluster {
            Some(client) => Pool::cluster(client.clone(), options.max_connections)?,
            None => Pool::single(info, options.max_connections)?,
        };
        Ok(Self { details, single, cluster, pool })
    }

    /// Whether a login says the same as the one that this was made of.
    pub(super) fn is_of(&self, details: &LoginDetails) -> bool {
        let parts = |details: &LoginDetails| {
            [&details.url, &details.user, &details.password].map(|part| part.expose_secret().to_owned())
        };
        parts(&self.details) == parts(details)
    }

    /// A connection for many callers, shown to work.
    pub(super) async fn shared(&self) -> RedisResult<SharedConnection> {
        let connecting = async {
            let mut connection = if let Some(cluster) = &self.cluster {
                SharedConnection::Cluster(cluster.get_async_connection().await?)
            } else {
                let config = connection_config().set_pipeline_buffer_size(WRITES_WAITING);
                let connecting = self.single.get_multiplexed_async_connection_with_config(&config);
                SharedConnection::Single(connecting.await?)
            };
            redis::cmd("PING").query_async::<()>(&mut connection).await?;
            Ok(connection)
        };
        tokio::time::timeout(PATIENCE, connecting).await.unwrap_or_else(|_| Err(timed_out()))
    }

    /// A connection on loan.
    pub(super) async fn pooled(&self) -> RedisResult<PooledConnection> {
        let waiting = async {
            let loan = match &self.pool {
                Pool::Single(pool) => Loan::Single(pool.get().await.map_err(pool_error)?),
                Pool::Cluster(pool) => Loan::Cluster(pool.get().await.map_err(pool_error)?),
            };
            Ok(PooledConnection(loan))
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| Err(timed_out()))
    }

    /// A connection that hears a channel's messages. In a cluster every node passes on what any was told.
    pub(super) async fn messages(&self, channel: &str) -> RedisResult<(PubSubSink, PubSubStream)> {
        let connecting = async {
            let (mut sink, messages) = self.single.get_async_pubsub().await?.split();
            sink.subscribe(channel).await?;
            Ok((sink, messages))
        };
        tokio::time::timeout(PATIENCE, connecting).await.unwrap_or_else(|_| Err(timed_out()))
    }
}

impl Pool {
    fn single(info: ConnectionInfo, size: usize) -> RedisResult<Self> {
        let manager = deadpool_redis::Manager::new_with_config(info, connection_config())?;
        // Without a password where one is demanded, it is the first command that is turned away.
        let entered = deadpool_redis::Hook::async_fn(|connection, _| {
            Box::pin(async {
                redis::cmd("PING").query_async::<()>(connection).await.map_err(HookError::Backend)
            })
        });
        let pool = deadpool_redis::Pool::builder(manager).max_size(size.max(1)).timeouts(timeouts());
        let pool = pool.post_create(entered);
        Ok(Self::Single(pool.runtime(Runtime::Tokio1).build().map_err(unbuildable)?))
    }

    fn cluster(client: ClusterClient, size: usize) -> RedisResult<Self> {
        let pool =
            ClusterPool::builder(ClusterManager::new(client)).max_size(size.max(1)).timeouts(timeouts());
        Ok(Self::Cluster(pool.runtime(Runtime::Tokio1).build().map_err(unbuildable)?))
    }
}

/// Where to connect to and as whom: what the URL says, but for user and password that are given beside it.
fn connection_info(details: &LoginDetails) -> RedisResult<ConnectionInfo> {
    let info = details.url.expose_secret().into_connection_info()?;
    let mut login = info.redis_settings().clone();
    if !details.user.expose_secret().is_empty() {
        login = login.set_username(details.user.expose_secret());
    }
    if !details.password.expose_secret().is_empty() {
        login = login.set_password(details.password.expose_secret());
    }
    Ok(info.set_redis_settings(login))
}

fn connection_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE))
}

/// Its own retries wait for seconds by default. Callers retry, and know better for how long.
fn cluster(seed: ConnectionInfo) -> ClusterClientBuilder {
    ClusterClientBuilder::new([seed])
        .connection_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .retries(3)
        .min_retry_wait(10)
        .max_retry_wait(200)
}

fn timeouts() -> Timeouts {
    Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(CHECK) }
}

fn pool_error(error: PoolError<RedisError>) -> RedisError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => error,
        PoolError::Timeout(_) => timed_out(),
        other => std::io::Error::other(other.to_string()).into(),
    }
}

fn unbuildable(error: deadpool::managed::BuildError) -> RedisError {
    std::io::Error::other(error.to_string()).into()
}
