//! Where emails are asked for: first the row, then the queue.

use std::sync::Arc;

use bellwether_core::prediction::LogRecord;
use bellwether_store::{Clock, EmailJobs, NewEmailJob, StoreError, WaitingEmailJob};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Entry, JobQueue, SendFlaggedDigest, SendPredictionEmail, Ticket};

/// An email that could not be asked for. Ask again: it is written once, however often.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The email cannot be written down.
    #[error("the email cannot be stored: {0}")]
    Payload(#[from] serde_json::Error),
}

/// Takes orders for emails. Clones share it.
#[derive(Clone)]
pub struct EmailOutbox {
    jobs: Arc<dyn EmailJobs>,
    queue: Arc<dyn JobQueue>,
    clock: Arc<dyn Clock>,
}

impl EmailOutbox {
    /// An outbox over the table and the queue.
    pub fn new(jobs: Arc<dyn EmailJobs>, queue: Arc<dyn JobQueue>, clock: Arc<dyn Clock>) -> Self {
        Self { jobs, queue, clock }
    }

    /// The table.
    pub fn jobs(&self) -> &Arc<dyn EmailJobs> {
        &self.jobs
    }

    /// Orders the emails that records cause; answers how many they are. Idempotent by uid.
    ///
    /// # Errors
    /// When the database fails; then none was ordered.
    pub async fn order_for(&self, records: &[LogRecord]) -> Result<usize, OutboxError> {
        let emails: Vec<_> = records.iter().filter_map(SendPredictionEmail::ordered_by).collect();
        self.order(&emails).await?;
        Ok(emails.len())
    }

    /// Orders emails. Once this returns they are owed: a queue that fails here is made up for by
    /// [`crate::Refill`]. Idempotent by uid: what was ordered before keeps its first content.
    ///
    /// # Errors
    /// When the database fails; then none was ordered.
    pub async fn order(&self, emails: &[SendPredictionEmail]) -> Result<(), OutboxError> {
        if emails.is_empty() {
            return Ok(());
        }
        let rows = emails
            .iter()
            .map(|email| {
                Ok(NewEmailJob {
                    uid: email.uid,
                    client_id: email.client_id.clone(),
                    dedupe_key: email.dedupe_key.clone(),
                    payload: serde_json::to_string(email)?,
                })
            })
            .collect::<Result<Vec<_>, serde_json::Error>>()?;
        self.write(&rows).await?;
        Ok(())
    }

    /// Orders a digest; answers whether it was: not where one with the same key was before. What is promised of
    /// [`Self::order`] holds here.
    ///
    /// # Errors
    /// When the database fails; then it was not ordered.
    pub async fn order_digest(
        &self,
        digest: &SendFlaggedDigest,
        dedupe_key: Option<String>,
    ) -> Result<bool, OutboxError> {
        let payload = serde_json::to_string(digest)?;
        let row = NewEmailJob { uid: digest.uid, client_id: None, dedupe_key, payload };
        Ok(self.write(&[row]).await? > 0)
    }

    /// Writes rows down and queues those that wait; answers how many do.
    async fn write(&self, rows: &[NewEmailJob]) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let waiting = self.jobs.insert(rows, now).await?;
        self.push_as_of(&waiting, now).await;
        Ok(waiting.len())
    }

    /// Queues a parked job anew; answers whether it was parked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requeue(&self, uid: Uuid) -> Result<bool, OutboxError> {
        let now = self.clock.now();
        let requeued = self.jobs.requeue(uid, now).await?;
        self.push_as_of(requeued.as_slice(), now).await;
        Ok(requeued.is_some())
    }

    /// Puts waiting jobs into the queue, where they may be already. What fails here is not lost: the row
    /// is there.
    pub async fn push(&self, waiting: &[WaitingEmailJob]) {
        self.push_as_of(waiting, self.clock.now()).await;
    }

    /// What was due when it was written stays due: a clock set back in between would make it wait for as long.
    async fn push_as_of(&self, waiting: &[WaitingEmailJob], now: DateTime<Utc>) {
        let entries: Vec<Entry> = waiting
            .iter()
            .map(|job| Entry {
                ticket: Ticket::new(job.uid, job.turn),
                run_at: Some(job.next_attempt_at).filter(|at| *at > now),
            })
            .collect();
        if let Err(error) = self.queue.push(&entries).await {
            metrics::counter!("bellwether_queue_push_failures_total").increment(1);
            tracing::warn!(%error, jobs = waiting.len(), "the queue takes no tickets: left to the refill");
        }
    }
}
