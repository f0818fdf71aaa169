//! Puts the worker together: its one job, and the loops beside it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bellwether_jobs::{Chance, EmailOutbox, JobQueue, Refill, RetryPolicy, Work, WorkError, supervise};
use bellwether_store::{Clock, EmailJobs};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::email::{AddressBook, MailerError, mailer};
use crate::housekeeping::Housekeeping;
use crate::{SendPredictionEmailJob, Sending};

/// How emails are sent. Plain values: reading settings is not this crate's affair.
#[derive(Debug, Clone)]
pub struct EmailOptions {
    /// `smtp://`, `smtp://…?tls=required` (STARTTLS), `smtps://`, or `file:///folder`; user and password
    /// percent-encoded.
    pub url: SecretString,
    /// The sender, as `a@example.org` or `Name <a@example.org>`.
    pub from: String,
    /// The operator's recipients, for emails that name none.
    pub recipients: Vec<String>,
    /// A PEM file of certificates to trust beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one email may take; default 60 s.
    pub timeout: Duration,
}

impl EmailOptions {
    /// Options with default timeout and trust.
    pub fn new(url: SecretString, from: &str, recipients: Vec<String>) -> Self {
        Self { url, from: from.to_owned(), recipients, ca_file: None, timeout: Duration::from_secs(60) }
    }
}

/// How jobs are worked on.
#[derive(Debug, Clone)]
pub struct JobOptions {
    /// Names this machine in the queue; the process and chance are added.
    pub host: String,
    /// How many emails at once; default 8.
    pub concurrency: usize,
    /// How long jobs in flight have once the worker is asked to stop; default 25 s.
    pub grace: Duration,
    /// When jobs are retried, and given up.
    pub retry: RetryPolicy,
    /// How long sent jobs are kept; default and least 5,000 s.
    pub keep_sent: Duration,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            host: host(),
            concurrency: 8,
            grace: Duration::from_secs(25),
            retry: RetryPolicy::default(),
            keep_sent: Duration::from_secs(5_000),
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Means {
    /// The truth about every email.
    pub jobs: Arc<dyn EmailJobs>,
    /// Where tickets come from.
    pub queue: Arc<dyn JobQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub chance: Chance,
}

/// A worker, ready to run.
pub struct WorkerService {
    means: Means,
    options: JobOptions,
    sending: Sending,
}

impl WorkerService {
    /// Builds a worker; touches nothing but the email options.
    ///
    /// # Errors
    /// When the mail server's URL, the sender, a recipient or the certificate file makes no sense.
    pub fn build(means: Means, email: &EmailOptions, options: JobOptions) -> Result<Self, MailerError> {
        let sending = Sending {
            mailer: mailer(email, options.concurrency)?,
            addresses: AddressBook::new(&email.from, &email.recipients)?,
            timeout: email.timeout,
            retry: options.retry,
        };
        Ok(Self { means, options, sending })
    }

    /// Works until `shutdown` is cancelled, and then until what is in flight is done.
    ///
    /// # Errors
    /// [`WorkError::GraceExpired`]: jobs were dropped, and the process should exit with a failure.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), WorkError> {
        let Means { jobs, queue, clock, chance } = self.means;
        let outbox = EmailOutbox::new(jobs, queue.clone(), clock.clone());
        let job = SendPredictionEmailJob::new(
            outbox.clone(),
            self.sending,
            clock.clone(),
            chance.clone(),
            shutdown.clone(),
        );
        let refill = Refill::new(outbox.clone(), clock.clone(), chance);
        let housekeeping = Housekeeping {
            jobs: outbox.jobs().clone(),
            queue: queue.clone(),
            clock,
            keep_sent: self.options.keep_sent,
        };
        let work = Work::new(Arc::new(job), self.options.concurrency, shutdown.clone());
        let (result, (), ()) = tokio::join!(
            supervise(queue, &self.options.host, work, self.options.grace),
            refill.run(shutdown.clone()),
            housekeeping.run(shutdown.clone()),
        );
        result
    }
}

/// The machine's name, as far as the system tells it without asking the environment.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "worker".to_owned(),
        name => name.to_owned(),
    }
}
