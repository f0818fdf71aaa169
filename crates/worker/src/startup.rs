//! Puts the worker together: its one job, and the loops beside it.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bellwether_jobs::{Chance, EmailOutbox, JobQueue, Refill, RetryPolicy, Work, WorkError, supervise};
use bellwether_mail::{AddressBook, MailOptions, MailerError, mailer};
use bellwether_store::{Clock, EmailJobs, IdempotencyKeys, Login, LoginDetails};
use bellwether_web::health::Draining;
use governor::{Quota, RateLimiter};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::condition::Condition;
use crate::digest::{DigestSchedule, DigestSource};
use crate::housekeeping::Housekeeping;
use crate::http::Endpoints;
use crate::retention::Retention;
use crate::{SendPredictionEmailJob, Sending};

/// How often recorded metrics are folded up.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// How emails are sent. Plain values: reading settings is not this crate's affair.
#[derive(Clone)]
pub struct EmailOptions {
    /// `smtp://`, `smtp://…?tls=required` (STARTTLS), `smtps://`, or `file:///folder`; user and password
    /// percent-encoded, or beside it.
    pub login: LoginDetails,
    /// Asked for another user and password when the server turns these away.
    pub renewal: Arc<dyn Login>,
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
        let login = LoginDetails::of_url(url);
        Self {
            renewal: Arc::new(login.clone()),
            login,
            from: from.to_owned(),
            recipients,
            ca_file: None,
            timeout: Duration::from_secs(60),
        }
    }

    /// How mail is handed over.
    pub fn mail(&self) -> MailOptions {
        let Self { login, renewal, ca_file, .. } = self.clone();
        MailOptions { login, renewal, ca_file }
    }
}

/// How jobs are worked on.
#[derive(Debug, Clone)]
pub struct JobOptions {
    /// Names this machine in the queue; the process and chance are added.
    pub host: String,
    /// How many emails at once; default 8.
    pub concurrency: usize,
    /// How many emails a second at most, over all; none by default.
    pub rate_per_second: Option<NonZeroU32>,
    /// How long jobs in flight have once the worker is asked to stop; default 25 s.
    pub grace: Duration,
    /// When jobs are retried, and given up.
    pub retry: RetryPolicy,
    /// How long sent jobs and idempotency keys are kept, at least 5,000 s; none keeps them for ever. Default
    /// 7 days.
    pub keep_sent: Option<Duration>,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            host: host(),
            concurrency: 8,
            rate_per_second: None,
            grace: Duration::from_secs(25),
            retry: RetryPolicy::default(),
            keep_sent: Some(Duration::from_secs(7 * 24 * 3600)),
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Means {
    /// The truth about every email.
    pub jobs: Arc<dyn EmailJobs>,
    /// What is known of callers' keys; forgotten with the jobs.
    pub keys: Arc<dyn IdempotencyKeys>,
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
    condition: Condition,
    retention: Option<Retention>,
    digests: Option<DigestSource>,
    schedule: Option<DigestSchedule>,
}

impl WorkerService {
    /// Builds a worker; touches nothing but the email options.
    ///
    /// # Errors
    /// When the mail server's URL, the sender, a recipient or the certificate file makes no sense.
    pub fn build(means: Means, email: &EmailOptions, options: JobOptions) -> Result<Self, MailerError> {
        let sending = Sending {
            mailer: mailer(&email.mail(), options.concurrency)?,
            addresses: AddressBook::new(&email.from, &email.recipients)?,
            timeout: email.timeout,
            retry: options.retry,
            rate: options.rate_per_second.map(|rate| Arc::new(RateLimiter::direct(Quota::per_second(rate)))),
        };
        Ok(Self {
            means,
            options,
            sending,
            condition: Condition::default(),
            retention: None,
            digests: None,
            schedule: None,
        })
    }

    /// The same worker, which also sees to what is kept for how long.
    pub(crate) fn with_retention(self, retention: Retention) -> Self {
        Self { retention: Some(retention), ..self }
    }

    /// The same worker, which also writes digests of those at high risk, and orders them where there is a schedule.
    #[must_use]
    pub fn with_digests(self, digests: DigestSource, schedule: Option<DigestSchedule>) -> Self {
        Self { digests: Some(digests), schedule, ..self }
    }

    /// How the worker is, now and later: for whoever asks over HTTP.
    pub fn condition(&self) -> Condition {
        self.condition.clone()
    }

    /// As [`Self::run`], and meanwhile answers probes at `bind`, if it is not empty.
    ///
    /// # Errors
    /// As [`Self::run`], and where `bind` cannot be bound.
    pub async fn run_with_endpoints(
        self,
        bind: &str,
        metrics: PrometheusHandle,
        shutdown: CancellationToken,
    ) -> anyhow::Result<()> {
        let draining = Draining::default();
        let upkeep = tokio::spawn(keep(metrics.clone()));
        let endpoints = match bind {
            "" => None,
            bind => Some(Endpoints::bind(bind, self.condition(), draining.clone(), metrics)?),
        };
        if let Some(endpoints) = &endpoints {
            tracing::info!(address = %endpoints.address(), "probes are answered");
        }
        let serving = endpoints.map(|endpoints| tokio::spawn(endpoints.serve()));
        let asked = shutdown.clone();
        tokio::spawn(async move {
            asked.cancelled().await;
            draining.begin();
        });
        let outcome = self.run(shutdown).await;
        upkeep.abort();
        if let Some(serving) = serving {
            serving.abort();
        }
        Ok(outcome?)
    }

    /// Works until `shutdown` is cancelled, and then until what is in flight is done.
    ///
    /// # Errors
    /// [`WorkError::GraceExpired`]: jobs were dropped, and the process should exit with a failure.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), WorkError> {
        let Means { jobs, keys, queue, clock, chance } = self.means;
        let outbox = EmailOutbox::new(jobs, queue.clone(), clock.clone());
        let job = SendPredictionEmailJob::new(
            outbox.clone(),
            self.sending,
            clock.clone(),
            chance.clone(),
            shutdown.clone(),
        )
        .with_digests(self.digests);
        let refill = Refill::new(outbox.clone(), clock.clone(), chance);
        let housekeeping = Housekeeping {
            jobs: outbox.jobs().clone(),
            keys,
            queue: queue.clone(),
            clock,
            condition: self.condition,
            keep_sent: self.options.keep_sent,
        };
        let work = Work::new(Arc::new(job), self.options.concurrency, shutdown.clone());
        let retention = async {
            if let Some(retention) = &self.retention {
                retention.run(shutdown.clone()).await;
            }
        };
        let digests = async {
            if let Some(schedule) = &self.schedule {
                schedule.run(&outbox, shutdown.clone()).await;
            }
        };
        let (result, (), (), (), ()) = tokio::join!(
            supervise(queue, &self.options.host, work, self.options.grace),
            refill.run(shutdown.clone()),
            housekeeping.run(shutdown.clone()),
            retention,
            digests,
        );
        result
    }
}

/// Folds recorded metrics up; unfolded, they would pile up between two scrapes.
async fn keep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(METRICS_UPKEEP).await;
        metrics.run_upkeep();
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
