//! One sink's task: waits for a batch, delivers it, moves the cursor.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{RelayOptions, Sink, SinkError};
use crate::journal::{Entry, Journal, JournalError, Stored};

pub(super) struct Carrier {
    journal: Arc<Journal>,
    sink: Arc<dyn Sink>,
    options: RelayOptions,
    draining: CancellationToken,
    appended: watch::Receiver<u64>,
    backoff: Duration,
}

impl Carrier {
    pub(super) fn new(
        journal: Arc<Journal>,
        sink: Arc<dyn Sink>,
        options: RelayOptions,
        draining: CancellationToken,
    ) -> Self {
        Self {
            appended: journal.appended(),
            backoff: options.backoff_first,
            journal,
            sink,
            options,
            draining,
        }
    }

    /// Delivers until told to drain, and then what is left.
    pub(super) async fn run(mut self) {
        self.report().await;
        while self.batch_is_due().await {
            if let Err(error) = self.carry().await {
                let sink = self.sink.name();
                tracing::error!(sink, %error, "the journal cannot be relayed");
                self.pause().await;
            }
            self.report().await;
        }
    }

    /// Waits until the batch is full, or has waited long enough; false once drained.
    async fn batch_is_due(&mut self) -> bool {
        let batching = self.sink.batching();
        let mut deadline = None;
        loop {
            // Marked as seen before the depth is read: an append in between wakes the wait below.
            self.appended.borrow_and_update();
            let depth = self.journal.depth(self.sink.name());
            let draining = self.draining.is_cancelled();
            if depth == 0 && draining {
                return false;
            }
            if depth == 0 {
                tokio::select! {
                    _ = self.appended.changed() => {}
                    () = self.draining.cancelled() => {}
                }
                continue;
            }
            let begun = self.journal.position(self.sink.name()).is_some_and(|at| at.planned.is_some());
            if begun || draining || depth >= batching.limit as u64 || batching.linger.is_zero() {
                return true;
            }
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + batching.linger);
            tokio::select! {
                _ = self.appended.changed() => {}
                () = self.draining.cancelled() => {}
                () = sleep_until(deadline) => return true,
            }
        }
    }

    /// Delivers one batch however often it takes, moves the cursor past it and trims.
    async fn carry(&mut self) -> Result<(), JournalError> {
        let batching = self.sink.batching();
        let name = self.sink.name();
        let position = self.journal.position(name).unwrap_or_default();
        let end = self.journal.last();
        // A batch that was begun is repeated whole, even if the sink's limit has changed since.
        let limit = position.planned.map_or(batching.limit.max(1), |_| usize::MAX);
        let stored = self.journal.read_stored(position.seq, position.planned, limit).await?;
        // Where nothing is left between cursor and end, the cursor still has to pass.
        let last = stored.last().map_or(position.planned.unwrap_or(end), |entry| entry.seq);
        if batching.fixed && position.planned.is_none() && !stored.is_empty() {
            self.journal.plan(name, last).await?;
        }
        let mut entries = self.readable(stored).await?;
        while !entries.is_empty() {
            let delivered = timeout(self.options.deliver_timeout, self.sink.deliver(&entries)).await;
            match delivered.unwrap_or_else(|_| Err(SinkError::Later("the delivery took too long".to_owned())))
            {
                Ok(()) => break,
                Err(SinkError::Poison { seq, reason }) if entries.iter().any(|entry| entry.seq == seq) => {
                    self.set_aside(seq, &reason).await?;
                    entries.retain(|entry| entry.seq != seq);
                }
                Err(error) => {
                    self.count("bellwether_relay_failures_total", 1);
                    tracing::warn!(sink = name, %error, "a batch is not delivered and will be tried again");
                    self.report().await;
                    self.pause().await;
                }
            }
        }
        self.journal.advance(name, last).await?;
        self.backoff = self.options.backoff_first;
        self.count("bellwether_relay_delivered_total", entries.len() as u64);
        self.journal.trim().await?;
        Ok(())
    }

    /// The entries this build can read; others are set aside.
    async fn readable(&self, stored: Vec<Stored>) -> Result<Vec<Entry>, JournalError> {
        let mut entries = Vec::with_capacity(stored.len());
        for entry in stored {
            match Entry::try_from(entry) {
                Ok(entry) => entries.push(entry),
                Err(JournalError::Corrupt { seq, reason }) => self.set_aside(seq, &reason).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(entries)
    }

    async fn set_aside(&self, seq: u64, reason: &str) -> Result<(), JournalError> {
        let now = self.options.clock.now();
        self.journal.park(self.sink.name(), seq, reason, now).await?;
        self.count("bellwether_relay_parked_total", 1);
        tracing::error!(sink = self.sink.name(), seq, reason, "an entry is set aside");
        Ok(())
    }

    /// Sleeps for the present backoff, cut by chance so that replicas do not come back in step.
    async fn pause(&mut self) {
        sleep(self.backoff.mul_f64(rand::random_range(0.5..=1.0))).await;
        self.backoff = (self.backoff * 2).min(self.options.backoff_longest);
    }

    async fn report(&self) {
        let name = self.sink.name();
        let environment = self.options.environment.clone();
        let depth = self.journal.depth(name);
        metrics::gauge!("bellwether_journal_depth", "sink" => name, "environment" => environment.clone())
            .set(depth as f64);
        let oldest = match depth {
            0 => None,
            _ => self.journal.oldest(name).await.ok().flatten(),
        };
        let age = oldest.map_or(0.0, |at| (self.options.clock.now() - at).as_seconds_f64().max(0.0));
        metrics::gauge!("bellwether_journal_oldest_seconds", "sink" => name, "environment" => environment)
            .set(age);
    }

    fn count(&self, metric: &'static str, by: u64) {
        let environment = self.options.environment.clone();
        metrics::counter!(metric, "sink" => self.sink.name(), "environment" => environment).increment(by);
    }
}
