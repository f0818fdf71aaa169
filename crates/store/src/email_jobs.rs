//! The email jobs: which prediction emails are owed, how far each has come, and who is at it.
//!
//! This table is the truth about an email; queues only make it quick. A job is sent by whoever holds its
//! claim, which runs out unless it is renewed, so that of two deliveries of one job one sends.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::StoreError;

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailJobState {
    /// Waits for its first try.
    Queued,
    /// A worker holds its claim.
    Sending,
    /// Was tried, and waits to be tried again.
    Retrying,
    /// The mail server took it.
    Sent,
    /// Given up, with the reason; tried again only when someone asks for it.
    Parked,
}

impl EmailJobState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Sending, Self::Retrying, Self::Sent, Self::Parked];

    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Retrying => "retrying",
            Self::Sent => "sent",
            Self::Parked => "parked",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A job to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEmailJob {
    /// The prediction's uid, which becomes the job's id.
    pub uid: Uuid,
    /// The client it is about, so that erasing a client finds it.
    pub client_id: Option<String>,
    /// Of jobs with the same key only the first is taken; none has no such bound.
    pub dedupe_key: Option<String>,
    /// What the email shows, as JSON that its writer can read again.
    pub payload: String,
}

/// A job that waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingEmailJob {
    /// The job.
    pub uid: Uuid,
    /// Its turn: counts up whenever it is scheduled anew.
    pub turn: u32,
    /// When it may be tried; for one in `sending`, when its claim runs out.
    pub next_attempt_at: DateTime<Utc>,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailJob {
    /// The prediction's uid.
    pub uid: Uuid,
    /// How far it has come.
    pub state: EmailJobState,
    /// Its turn: counts up whenever it is scheduled anew.
    pub turn: u32,
    /// How often it was tried, as far as trying was the job's own affair: a mail server that cannot be
    /// reached counts for nothing.
    pub attempts: u32,
    /// How many deliveries in a row ended with the worker's death or a panic, the one under way included.
    pub crashes: u32,
    /// Why the last try failed, or why it is parked.
    pub last_error: Option<String>,
    /// When it was first asked for.
    pub created_at: DateTime<Utc>,
    /// When it was last queued by someone's wish: the span of retries counts from here.
    pub queued_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it may be tried next; none once it is sent or parked.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When the mail server took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// The recipients that have it already, where some have and some have not.
    pub delivered: Vec<String>,
    /// What the email shows, as it was given.
    pub payload: String,
}

/// The answer to a delivery that wants to send a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailClaim {
    /// Send it, and renew the claim while at it.
    Granted(Box<EmailJob>),
    /// Another delivery is at it, or died; its claim runs out then.
    Held {
        /// When to ask again.
        until: DateTime<Utc>,
    },
    /// Nothing to do: sent, parked, erased, or scheduled for another turn.
    Over,
}

/// What became of a try that did not end the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailRetry {
    /// When to try again.
    pub next_attempt_at: DateTime<Utc>,
    /// Why it failed.
    pub error: String,
    /// Whether the try counts as an attempt.
    pub counts: bool,
    /// Whether the delivery ended in a panic, so that the count of crashes stands.
    pub crashed: bool,
    /// The recipients that have it by now, all of them.
    pub delivered: Vec<String>,
}

/// How many jobs stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EmailJobCounts {
    /// In `queued`.
    pub queued: u64,
    /// In `sending`.
    pub sending: u64,
    /// In `retrying`.
    pub retrying: u64,
    /// In `sent`, as long as they are kept.
    pub sent: u64,
    /// In `parked`.
    pub parked: u64,
    /// When the oldest job that is neither sent nor parked was queued.
    pub oldest_queued_at: Option<DateTime<Utc>>,
}

/// The table `email_jobs`. Times are handed in, in UTC.
#[async_trait]
pub trait EmailJobs: Send + Sync {
    /// Inserts those jobs whose uid, or dedupe key, is not there yet, all in one transaction, due at once. Answers those
    /// of `jobs` that wait now, new or not, in no order; not those that are being sent, sent or parked.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where a job can never be stored; nothing is stored then.
    async fn insert(
        &self,
        jobs: &[NewEmailJob],
        now: DateTime<Utc>,
    ) -> Result<Vec<WaitingEmailJob>, StoreError>;

    /// One job.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the row cannot be read.
    async fn find(&self, uid: Uuid) -> Result<Option<EmailJob>, StoreError>;

    /// Up to `limit` jobs that could be tried at `by`, and those whose claim ran out by then, the longest
    /// due first, starting behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn due(
        &self,
        by: DateTime<Utc>,
        after: Option<&WaitingEmailJob>,
        limit: u32,
    ) -> Result<Vec<WaitingEmailJob>, StoreError>;

    /// Claims a job's turn for one delivery, until `until`. Counts a crash in advance, which a recorded
    /// outcome takes back, and an attempt for a claim that had run out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn claim(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<EmailClaim, StoreError>;

    /// Prolongs a claim; answers whether it still stood. Notes what keeps it waiting, where something does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn renew(
        &self,
        uid: Uuid,
        turn: u32,
        until: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<bool, StoreError>;

    /// Gives a claim back untried, the job due at once in the same turn. Notes why, where there is a why.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn release(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<(), StoreError>;

    /// Records that the mail server took it. Holds whatever else happened to the job meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn record_sent(&self, uid: Uuid, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Schedules the job's next turn and answers its number; `None` where the turn was no longer this one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn record_retry(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        retry: &EmailRetry,
    ) -> Result<Option<u32>, StoreError>;

    /// Gives the job up, counting an attempt. `delivered` are the recipients that have it by now, all of
    /// them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn park(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        reason: &str,
        delivered: &[String],
    ) -> Result<(), StoreError>;

    /// Queues a parked job anew, its attempts and span starting over. `None` where it is not parked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn requeue(&self, uid: Uuid, now: DateTime<Utc>) -> Result<Option<WaitingEmailJob>, StoreError>;

    /// Up to `limit` jobs in a state, the last changed first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a row cannot be read.
    async fn list(&self, state: EmailJobState, limit: u32) -> Result<Vec<EmailJob>, StoreError>;

    /// How many jobs stand where.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn counts(&self) -> Result<EmailJobCounts, StoreError>;

    /// Forgets up to `limit` jobs that were sent before `before`; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn purge_sent(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;

    /// Forgets a job in whatever state but `sending`; answers whether it did.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn purge(&self, uid: Uuid) -> Result<bool, StoreError>;

    /// Forgets a client's jobs, whatever their state; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn erase_client(&self, client_id: &str) -> Result<u64, StoreError>;
}
