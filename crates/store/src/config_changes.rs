//! Word of config changes, from whoever made one to every replica. A help to be quick, never relied on:
//! replicas look for themselves as well.

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::StoreError;

/// Carries the message that an environment's config has changed.
#[async_trait]
pub trait ConfigChanges: Send + Sync {
    /// Tells everyone who listens.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; replicas find out by themselves then.
    async fn announce(&self, environment: &str) -> Result<(), StoreError>;

    /// An item for every change of an environment that is announced from now on, and one whenever a message
    /// may have been missed, as after a lost connection. Never ends, and never fails: it connects again by
    /// itself. Several changes may come as one item.
    fn listen(&self, environment: &str) -> BoxStream<'static, ()>;
}
