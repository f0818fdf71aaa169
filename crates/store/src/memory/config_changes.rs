//! Word of config changes within one process.

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::{ConfigChanges, StoreError};

/// Messages kept for a slow listener; one that misses some is told so by an item.
const KEPT: usize = 16;

/// Tells and hears of config changes in memory. Clones share it.
#[derive(Clone)]
pub struct MemoryConfigChanges {
    environments: broadcast::Sender<String>,
}

impl Default for MemoryConfigChanges {
    fn default() -> Self {
        Self { environments: broadcast::Sender::new(KEPT) }
    }
}

#[async_trait]
impl ConfigChanges for MemoryConfigChanges {
    async fn announce(&self, environment: &str) -> Result<(), StoreError> {
        // Fails where no one listens, which is fine.
        let _ = self.environments.send(environment.to_owned());
        Ok(())
    }

    fn listen(&self, environment: &str) -> BoxStream<'static, ()> {
        let heard = (self.environments.subscribe(), environment.to_owned());
        Box::pin(stream::unfold(heard, async |(mut receiver, environment)| {
            loop {
                match receiver.recv().await {
                    Ok(changed) if changed != environment => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return Some(((), (receiver, environment))),
                    // Nobody is left who could tell of a change.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        }))
    }
}
