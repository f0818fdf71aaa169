//! One Redis, standalone or a cluster, and the ways into it.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{RedisError, RedisResult};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::access::Access;
use super::connection::{PooledConnection, SharedConnection};
use super::errors::{is_refused_login, store_error};
use super::options::RedisOptions;
use crate::{Login, StoreError};

/// A Redis that may be away, and whose password may change. Clones share it.
#[derive(Clone)]
pub struct RedisServer(Arc<Shared>);

struct Shared {
    login: Arc<dyn Login>,
    options: RedisOptions,
    certificates: Option<Vec<u8>>,
    access: ArcSwap<Access>,
    renewal: Mutex<()>,
    /// Where connections live that no call waits for: a caller's runtime may be short-lived.
    runtime: Handle,
}

impl RedisServer {
    /// Makes ready to reach a Redis; connects to nothing yet. To be called within a runtime that lives as long
    /// as the server is used.
    ///
    /// # Errors
    /// [`StoreError::Engine`] where the URL is none of Redis's or the certificates cannot be read.
    pub async fn connect(login: Arc<dyn Login>, options: RedisOptions) -> Result<Self, StoreError> {
        let certificates = match &options.ca_file {
            Some(path) => {
                Some(tokio::fs::read(path).await.map_err(|error| StoreError::Engine(error.into()))?)
            }
            None => None,
        };
        let access = Access::new(login.details().await, &options, certificates.as_deref());
        Ok(Self(Arc::new(Shared {
            login,
            options,
            certificates,
            access: ArcSwap::from_pointee(access.map_err(|error| StoreError::Engine(error.into()))?),
            renewal: Mutex::new(()),
            runtime: Handle::current(),
        })))
    }

    /// How it is used.
    pub fn options(&self) -> &RedisOptions {
        &self.0.options
    }

    /// A connection on loan, for jobs, replicas and admin work. Waits a second at most.
    ///
    /// # Errors
    /// As Redis tells them; I/O errors where it cannot be reached or no connection is free in time.
    pub async fn pooled(&self) -> RedisResult<PooledConnection> {
        let access = self.0.access.load_full();
        let entered = access.pooled().await;
        match self.newer(&access, entered.as_ref().err()).await? {
            Some(newer) => newer.pooled().await,
            None => entered,
        }
    }

    /// Answers if Redis can be reached.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.pooled().await.map(drop).map_err(store_error)
    }

    /// A connection for many callers, shown to work.
    pub(super) async fn shared(&self) -> RedisResult<SharedConnection> {
        let access = self.0.access.load_full();
        let entered = access.shared().await;
        match self.newer(&access, entered.as_ref().err()).await? {
            Some(newer) => newer.shared().await,
            None => entered,
        }
    }

    /// A connection that hears a channel's messages.
    pub(super) async fn messages(&self, channel: &str) -> RedisResult<(PubSubSink, PubSubStream)> {
        let access = self.0.access.load_full();
        let entered = access.messages(channel).await;
        match self.newer(&access, entered.as_ref().err()).await? {
            Some(newer) => newer.messages(channel).await,
            None => entered,
        }
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// What a newer login opens, where one was turned away and a newer one is to be had.
    async fn newer(
        &self,
        refused: &Arc<Access>,
        error: Option<&RedisError>,
    ) -> RedisResult<Option<Arc<Access>>> {
        if !error.is_some_and(is_refused_login) {
            return Ok(None);
        }
        let _one_at_a_time = self.0.renewal.lock().await;
        let current = self.0.access.load_full();
        if !Arc::ptr_eq(&current, refused) {
            return Ok(Some(current));
        }
        let details = self.0.login.renewed().await;
        if current.is_of(&details) {
            return Ok(None);
        }
        let access = Arc::new(Access::new(details, &self.0.options, self.0.certificates.as_deref())?);
        self.0.access.store(access.clone());
        tracing::info!("Redis turned the login away: a newer one is used");
        Ok(Some(access))
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisServer").field("options", &self.0.options).finish_non_exhaustive()
    }
}
