//! The relay: moves journal entries to every sink, each at its own pace.
//!
//! Each sink has a cursor and a task of its own, so that one that is away delays no other. A batch is
//! delivered whole before the cursor moves: after a crash it is delivered again, which sinks bear because
//! they know every record by its uid. Nothing is held in memory but the batch under way.

mod carrier;
mod sink;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, JournalError};
use crate::{Clock, SystemClock};
use carrier::Carrier;
pub use sink::{Batching, Sink, SinkError};

/// How patient the relay is.
#[derive(Clone)]
pub struct RelayOptions {
    /// The environment's name: a label of the relay's metrics.
    pub environment: String,
    /// The first pause after a failure; each further one is twice as long. Default 50 ms.
    pub backoff_first: Duration,
    /// The longest pause; each is cut by a random part of up to half. Default 5 s.
    pub backoff_longest: Duration,
    /// A delivery that takes longer counts as failed. Default 60 s.
    pub deliver_timeout: Duration,
    /// Tells the age of entries, and when one was set aside.
    pub clock: Arc<dyn Clock>,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            environment: "local".to_owned(),
            backoff_first: Duration::from_millis(50),
            backoff_longest: Duration::from_secs(5),
            deliver_timeout: Duration::from_secs(60),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Starts relays; see [`Relay::spawn`].
pub struct Relay;

impl Relay {
    /// Starts to move entries to these sinks, from where each stood when it last stopped. Sinks have to be
    /// told all at once: what all of them have passed is deleted.
    ///
    /// # Errors
    /// [`JournalError`] where the cursors cannot be read.
    pub async fn spawn(
        journal: Arc<Journal>,
        sinks: Vec<Arc<dyn Sink>>,
        options: RelayOptions,
    ) -> Result<RelayHandle, JournalError> {
        for sink in &sinks {
            journal.register(sink.name()).await?;
        }
        let draining = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let names = sinks.iter().map(|sink| sink.name()).collect();
        for sink in sinks {
            let carrier = Carrier::new(journal.clone(), sink, options.clone(), draining.clone());
            tasks.spawn(carrier.run());
        }
        Ok(RelayHandle { journal, names, draining, tasks })
    }
}

/// A running relay. Dropping it stops delivery at once; what is left stays in the journal.
pub struct RelayHandle {
    journal: Arc<Journal>,
    names: Vec<&'static str>,
    draining: CancellationToken,
    tasks: JoinSet<()>,
}

/// What a relay left behind when it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// Entries still to be delivered, by sink; sinks with none are not listed.
    pub left: Vec<(&'static str, u64)>,
}

impl RelayHandle {
    /// Delivers what is in the journal, without waiting for batches to fill, and stops: when all is
    /// delivered, or when `within` has passed. What is left is delivered after the next start.
    pub async fn drain(mut self, within: Duration) -> Drained {
        self.draining.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(within, all).await.is_err() {
            self.tasks.shutdown().await;
        }
        let left = |name: &&'static str| (*name, self.journal.depth(name));
        Drained { left: self.names.iter().map(left).filter(|(_, depth)| *depth > 0).collect() }
    }
}
