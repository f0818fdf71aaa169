//! The job that sends one email, about a prediction or those at high risk: claim, send, record, in that order.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_jobs::{
    Chance, EmailOutbox, EmailPayload, Handled, JobHandler, Next, PayloadError, RetryPolicy, Ticket,
};
use bellwether_mail::{AddressBook, Letter, Mailer, Outcome, SendError};
use bellwether_store::{Clock, EmailClaim, EmailJob, EmailJobs, EmailRetry, StoreError, WaitingEmailJob};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use governor::DefaultDirectRateLimiter;
use tokio_util::sync::CancellationToken;

use crate::digest::DigestSource;
use crate::email::{self, Outage};
use crate::verdict::{Failure, Verdict, judge};

/// How long a claim stands without being renewed: a dead worker's job is free again after this.
const CLAIM: TimeDelta = TimeDelta::seconds(10);
/// A claim is renewed so often.
const RENEWAL: Duration = Duration::from_secs(3);
/// Waits between tries to reach the database, doubling.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A payload of a newer build is left for a newer worker, and looked at again after this.
const NEWER_BUILD: TimeDelta = TimeDelta::seconds(60);

/// How emails are sent, and how often they are tried.
#[derive(Clone)]
pub struct Sending {
    /// Carries them.
    pub mailer: Arc<dyn Mailer>,
    /// Addresses them.
    pub addresses: AddressBook,
    /// How long one may take.
    pub timeout: Duration,
    /// When one is tried again.
    pub retry: RetryPolicy,
    /// Spreads them, where the operator wants no more than so many a second.
    pub rate: Option<Arc<DefaultDirectRateLimiter>>,
}

/// Handles tickets by sending the emails they name.
pub struct SendPredictionEmailJob {
    outbox: EmailOutbox,
    sending: Sending,
    outage: Outage,
    /// Says whom a digest lists; none where this worker writes none.
    digests: Option<DigestSource>,
    clock: Arc<dyn Clock>,
    chance: Chance,
    /// Cancelled: what has not begun to be sent is given back.
    stop: CancellationToken,
}

#[async_trait]
impl JobHandler for SendPredictionEmailJob {
    #[tracing::instrument(name = "email", skip_all, fields(uid = %ticket.uid, trace = tracing::field::Empty))]
    async fn handle(&self, ticket: Ticket) -> Handled {
        let Some(claim) = self.claim(ticket).await else {
            return Handled::PutBack;
        };
        let Some(job) = claim else {
            return Handled::Finished;
        };
        let verdict = if job.crashes > self.sending.retry.crashes {
            let why =
                format!("its worker died or panicked {} times in a row while sending it", job.crashes - 1);
            Verdict::Park(Failure::new(why).with(&job, &[]))
        } else {
            let waits_for = Mutex::default();
            let delivery = AssertUnwindSafe(self.deliver(&job, &waits_for)).catch_unwind();
            tokio::select! {
                delivered = delivery => delivered.unwrap_or_else(|panic| self.panicked(&job, panic.as_ref())),
                () = self.keep_claim(ticket, &waits_for) => Verdict::Stopped { why: None },
            }
        };
        self.settle(&job, verdict).await
    }
}

impl SendPredictionEmailJob {
    /// A job over an outbox. `stop` tells it to begin nothing new.
    pub fn new(
        outbox: EmailOutbox,
        sending: Sending,
        clock: Arc<dyn Clock>,
        chance: Chance,
        stop: CancellationToken,
    ) -> Self {
        let outage = Outage::new(chance.clone());
        Self { outbox, sending, outage, digests: None, clock, chance, stop }
    }

    /// The same, which writes digests too.
    #[must_use]
    pub fn with_digests(self, digests: Option<DigestSource>) -> Self {
        Self { digests, ..self }
    }

    fn jobs(&self) -> &Arc<dyn EmailJobs> {
        self.outbox.jobs()
    }

    /// Claims the ticket's turn: `None` when stopped before, `Some(None)` when there is nothing to do.
    /// Waits for a claim of another delivery to run out, which takes seconds at most if that one died.
    async fn claim(&self, ticket: Ticket) -> Option<Option<EmailJob>> {
        loop {
            let claim = || {
                let now = self.clock.now();
                self.jobs().claim(ticket.uid, ticket.turn, now, now + CLAIM)
            };
            match self.stop.run_until_cancelled(self.insist(claim)).await? {
                Some(EmailClaim::Granted(job)) => return Some(Some(*job)),
                Some(EmailClaim::Over) | None => return Some(None),
                Some(EmailClaim::Held { until }) => {
                    let wait = (until - self.clock.now()).to_std().unwrap_or_default().max(FIRST_PAUSE);
                    self.stop.run_until_cancelled(tokio::time::sleep(wait)).await?;
                }
            }
        }
    }

    /// Renews the claim for as long as it stands; ends when it is lost, as by an erased client. A database
    /// that is away takes no claim from anyone.
    async fn keep_claim(&self, ticket: Ticket, waits_for: &Mutex<Option<String>>) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let until = self.clock.now() + CLAIM;
            let why = locked(waits_for).clone();
            let renewed = self.jobs().renew(ticket.uid, ticket.turn, until, why.as_deref());
            match renewed.await {
                Ok(true) | Err(_) => {}
                Ok(false) => return,
            }
        }
    }

    /// Tries until the server was reached and has spoken; meanwhile `waits_for` says why it was not.
    async fn deliver(&self, job: &EmailJob, waits_for: &Mutex<Option<String>>) -> Verdict {
        let letter = match self.letter(job).await {
            Ok(letter) => letter,
            Err(verdict) => return verdict,
        };
        loop {
            // Waiting may be given up at any time. Sending may not: the server could have it already.
            let Some(leave) = self.stop.run_until_cancelled(self.outage.leave()).await else {
                let why = locked(waits_for).clone();
                return Verdict::Stopped { why };
            };
            if let Some(rate) = &self.sending.rate
                && self.stop.run_until_cancelled(rate.until_ready()).await.is_none()
            {
                return Verdict::Stopped { why: None };
            }
            let result = self.send(&letter).await;
            if let Err(SendError::Unreachable(reason)) = result {
                self.outage.goes_on(&leave, &reason);
                let failure = SendError::Unreachable(reason).to_string();
                if self.overdue(job) {
                    return Verdict::Retry(Failure::new(failure).with(job, &[]));
                }
                *locked(waits_for) = Some(failure);
                continue;
            }
            self.outage.over();
            return judge(job, result);
        }
    }

    /// The letter that a job asks for; or what becomes of a job that cannot be written.
    async fn letter(&self, job: &EmailJob) -> Result<Letter, Verdict> {
        let (addresses, delivered, now) = (&self.sending.addresses, &job.delivered, self.clock.now());
        let letter = match EmailPayload::read(&job.payload) {
            Ok(EmailPayload::Prediction(email)) => {
                tracing::Span::current().record("trace", email.trace.as_deref());
                email::letter(addresses, &email, delivered, now)
            }
            Ok(EmailPayload::FlaggedDigest(digest)) => {
                let Some(source) = &self.digests else {
                    return Err(Verdict::Newer { why: "this worker writes no digests".to_owned() });
                };
                let content = source.content(&digest, now).await;
                let content = content
                    .map_err(|error| Verdict::Retry(Failure::new(error.to_string()).with(job, &[])))?;
                email::digest_letter(addresses, &digest, &content, delivered, now)
            }
            Err(error @ (PayloadError::Newer(_) | PayloadError::UnknownKind)) => {
                return Err(Verdict::Newer { why: error.to_string() });
            }
            Err(error) => return Err(Verdict::Park(Failure::new(error.to_string()))),
        };
        letter.map_err(|error| Verdict::Park(Failure::new(error.to_string()).with(job, &[])))
    }

    /// One try. lettre bounds only its connecting, so all of it is bounded here.
    async fn send(&self, letter: &Letter) -> Result<Outcome, SendError> {
        let limit = self.sending.timeout;
        match tokio::time::timeout(limit, self.sending.mailer.send(letter)).await {
            Ok(result) => result,
            Err(_) => Err(SendError::Transient(format!("the mail server took longer than {limit:?}"))),
        }
    }

    fn panicked(&self, job: &EmailJob, panic: &(dyn std::any::Any + Send)) -> Verdict {
        let words = panic.downcast_ref::<&str>().map(ToString::to_string);
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let mut failure = Failure::new(format!("the worker panicked: {words}")).with(job, &[]);
        failure.crashed = true;
        if job.crashes >= self.sending.retry.crashes {
            Verdict::Park(failure)
        } else {
            Verdict::Retry(failure)
        }
    }

    fn overdue(&self, job: &EmailJob) -> bool {
        let span = TimeDelta::from_std(self.sending.retry.span).unwrap_or(TimeDelta::MAX);
        self.clock.now() - job.queued_at >= span
    }

    /// Records what became of the job, however long the database takes, and only then is the ticket acked.
    async fn settle(&self, job: &EmailJob, verdict: Verdict) -> Handled {
        let (uid, turn) = (job.uid, job.turn);
        match verdict {
            Verdict::Sent => {
                self.insist(|| self.jobs().record_sent(uid, self.clock.now())).await;
                metrics::counter!("bellwether_emails_sent_total").increment(1);
                tracing::info!(%uid, attempts = job.attempts + 1, "an email was sent");
                Handled::Finished
            }
            Verdict::Retry(failure) => {
                let (now, chance) = (self.clock.now(), (self.chance)());
                match self.sending.retry.after(job.attempts + 1, job.queued_at, now, chance) {
                    Next::Again(at) => self.retry(job, failure, at, true).await,
                    Next::Over => {
                        let why =
                            format!("its time is up, after {} attempts: {}", job.attempts + 1, failure.why);
                        self.park(job, Failure { why, ..failure }).await
                    }
                }
            }
            Verdict::Park(failure) => self.park(job, failure).await,
            Verdict::Newer { why } => {
                let later = self.clock.now() + NEWER_BUILD;
                self.retry(job, Failure::new(why).with(job, &[]), later, false).await
            }
            Verdict::Stopped { why } => {
                let release = || self.jobs().release(uid, turn, self.clock.now(), why.as_deref());
                self.insist(release).await;
                Handled::PutBack
            }
        }
    }

    /// The next turn is a new, delayed ticket: retries of the queue's own would hold a slot, or not wait.
    async fn retry(&self, job: &EmailJob, failure: Failure, at: DateTime<Utc>, counts: bool) -> Handled {
        let retry = EmailRetry {
            next_attempt_at: at,
            error: failure.why,
            counts,
            crashed: failure.crashed,
            delivered: failure.delivered,
        };
        let record = || {
            let now = self.clock.now();
            self.jobs().record_retry(job.uid, job.turn, now, &retry)
        };
        if let Some(Some(turn)) = self.insist(record).await {
            metrics::counter!("bellwether_emails_retried_total").increment(1);
            tracing::warn!(uid = %job.uid, attempts = job.attempts + 1, again_at = %at, why = retry.error, "an email is tried again");
            let waiting = WaitingEmailJob { uid: job.uid, turn, next_attempt_at: at };
            self.outbox.push(&[waiting]).await;
        }
        Handled::Finished
    }

    async fn park(&self, job: &EmailJob, failure: Failure) -> Handled {
        let Failure { why, delivered, .. } = failure;
        let park = || {
            let now = self.clock.now();
            self.jobs().park(job.uid, job.turn, now, &why, &delivered)
        };
        self.insist(park).await;
        metrics::counter!("bellwether_emails_parked_total").increment(1);
        tracing::error!(uid = %job.uid, why, "an email is parked");
        Handled::Finished
    }

    /// Repeats a call until the database does it: sends wait while it is away, and count for nothing. A
    /// worker that cannot wait drops the call, and the claim runs out. `None` where waiting cannot help.
    async fn insist<T, F>(&self, call: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            match call().await {
                Ok(done) => return Some(done),
                Err(error @ (StoreError::Corrupt { .. } | StoreError::Refused(_))) => {
                    tracing::error!(%error, "an email's job cannot be read or written");
                    return None;
                }
                Err(error) => tracing::warn!(%error, "the database does not answer: emails wait"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn locked(why: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    why.lock().unwrap_or_else(PoisonError::into_inner)
}
