//! From an operator's settings to a worker.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bellwether_engines::login;
use bellwether_jobs::{JobQueue, thread_chance};
use bellwether_mail::MailerError;
use bellwether_settings::Settings;
use bellwether_store::archive::ArchiveStore;
use bellwether_store::{Clock, LoginDetails, SharedDatabase};
use chrono::TimeDelta;

use crate::digest::{DigestSchedule, DigestSource};
use crate::retention::Retention;
use crate::startup::{EmailOptions, JobOptions, Means, WorkerService};

impl WorkerService {
    /// A worker as the settings say, on engines that are open already.
    ///
    /// # Errors
    /// When `smtp.url`, `smtp.from` or `smtp.recipients` makes no sense.
    pub fn from_settings(
        settings: &Settings,
        database: SharedDatabase,
        archive: Option<Arc<dyn ArchiveStore>>,
        queue: Arc<dyn JobQueue>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MailerError> {
        let means =
            Means { jobs: database.clone(), keys: database.clone(), queue, clock, chance: thread_chance() };
        let kept = settings.retention.sent_emails_days;
        let options = JobOptions {
            concurrency: settings.smtp.concurrency,
            rate_per_second: NonZeroU32::new(settings.smtp.rate_per_second),
            keep_sent: (kept > 0).then(|| Duration::from_secs(u64::from(kept) * 24 * 3600)),
            grace: Duration::from_secs(settings.server.drain_seconds),
            ..JobOptions::default()
        };
        let digests = DigestSource {
            standings: database.clone(),
            configs: database.clone(),
            max_age: TimeDelta::days(settings.flagged.max_age_days.into()),
            public_url: Some(settings.flagged.public_url.clone()).filter(|url| !url.is_empty()),
        };
        let schedule = settings.worker.digest_time().map(|at| DigestSchedule {
            at,
            environment: settings.environment.as_str().to_owned(),
            configs: database.clone(),
            clock: means.clock.clone(),
        });
        let days = |days: u32| (days > 0).then_some(days);
        let retention = Retention {
            archive,
            environment: settings.environment.as_str().to_owned(),
            log_days: days(settings.retention.log_days),
            archive_days: days(settings.retention.archive_days),
            clock: means.clock.clone(),
            database,
        };
        let worker = Self::build(means, &email_options(settings), options)?;
        Ok(worker.with_retention(retention).with_digests(digests, schedule))
    }
}

/// How the settings want emails sent.
pub fn email_options(settings: &Settings) -> EmailOptions {
    let smtp = &settings.smtp;
    let login =
        LoginDetails { url: smtp.url.clone(), user: smtp.user.clone(), password: smtp.password.clone() };
    EmailOptions {
        login,
        renewal: login::smtp(settings),
        timeout: Duration::from_secs(smtp.timeout_seconds),
        ca_file: (!smtp.ca_file.is_empty()).then(|| PathBuf::from(&smtp.ca_file)),
        ..EmailOptions::new(smtp.url.clone(), &smtp.from, smtp.recipients.clone())
    }
}
