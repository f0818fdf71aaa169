//! From an operator's settings to a worker.

use std::sync::Arc;
use std::time::Duration;

use bellwether_jobs::{JobQueue, thread_chance};
use bellwether_settings::Settings;
use bellwether_store::{Clock, EmailJobs};

use crate::email::MailerError;
use crate::startup::{EmailOptions, JobOptions, Means, WorkerService};

impl WorkerService {
    /// A worker as the settings say, on engines that are open already.
    ///
    /// # Errors
    /// When `smtp.url`, `smtp.from` or `smtp.recipients` makes no sense.
    pub fn from_settings(
        settings: &Settings,
        jobs: Arc<dyn EmailJobs>,
        queue: Arc<dyn JobQueue>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MailerError> {
        let means = Means { jobs, queue, clock, chance: thread_chance() };
        let options = JobOptions {
            concurrency: settings.smtp.concurrency,
            grace: Duration::from_secs(settings.server.drain_seconds),
            ..JobOptions::default()
        };
        Self::build(means, &email_options(settings), options)
    }
}

/// How the settings want emails sent.
pub fn email_options(settings: &Settings) -> EmailOptions {
    EmailOptions::new(settings.smtp.url.clone(), &settings.smtp.from, settings.smtp.recipients.clone())
}
