//! Tells the database, now and then and whenever it changes, what this replica runs. What is told is read
//! by whoever has to know that a change has reached every replica; nothing here decides anything.

use std::sync::Arc;
use std::time::Duration;

use bellwether_store::journal::Journal;
use bellwether_store::{Clock, RefusedVersion, ReplicaReport, Replicas, StoreError};
use chrono::{DateTime, Utc};

use crate::live::{Live, Told};

/// How long one report may take: a database that hangs must not keep the next from being tried.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reports one replica.
pub(crate) struct Heartbeat {
    pub environment: String,
    pub replica: String,
    pub live: Arc<Live>,
    pub journal: Arc<Journal>,
    pub replicas: Arc<dyn Replicas>,
    pub clock: Arc<dyn Clock>,
    pub started_at: DateTime<Utc>,
}

impl Heartbeat {
    /// Reports every so often, and at once when what is live changes. To be dropped when it shall end.
    pub(crate) async fn run(self: Arc<Self>, every: Duration) {
        let mut changes = self.live.changes();
        let mut away = false;
        loop {
            let outcome = tokio::time::timeout(PATIENCE, self.report()).await;
            match outcome {
                Ok(Ok(())) => away = false,
                // Said once an outage: every beat would say it again.
                Ok(Err(error)) if !away => {
                    away = true;
                    tracing::warn!(%error, "this replica cannot report what it runs");
                }
                Err(_) if !away => {
                    away = true;
                    tracing::warn!("this replica cannot report what it runs: the database does not answer");
                }
                _ => {}
            }
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                _ = changes.changed() => {}
            }
        }
    }

    /// Forgets this replica, which ends in order. One whose journal still holds something stays known, so that
    /// whoever waits for its records waits for it.
    pub(crate) async fn end(&self) {
        if !matches!(self.journal.oldest_of_all().await, Ok(None)) {
            return;
        }
        let forget = self.replicas.forget(&self.environment, &self.replica);
        if !matches!(tokio::time::timeout(PATIENCE, forget).await, Ok(Ok(_))) {
            tracing::debug!("this replica could not be forgotten: it counts as silent from now on");
        }
    }

    async fn report(&self) -> Result<(), StoreError> {
        // Of a journal that cannot be read the worst is believed: whoever waits for its records must not go on.
        let journal_oldest_at = self.journal.oldest_of_all().await.unwrap_or(Some(self.started_at));
        let Told { refused, bundles, .. } = self.live.told();
        let live = self.live.snapshot();
        let report = ReplicaReport {
            environment: self.environment.clone(),
            replica: self.replica.clone(),
            version: live.as_ref().map(|live| live.config.version),
            sha256: live.as_ref().map(|live| live.config.sha256.clone()),
            bundles: bundles.into_iter().filter_map(|(uid, bundle)| Some((uid, bundle.ok()?))).collect(),
            refused: refused.map(|(version, reasons)| RefusedVersion { version, reasons }),
            journal_oldest_at,
            traffic: self.live.traffic().map(|traffic| traffic.told()),
            started_at: self.started_at,
            at: self.clock.now(),
        };
        self.replicas.report(&report).await
    }
}
