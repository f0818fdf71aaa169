//! `bellwether jobs`: the email jobs as they stand, and what an operator does about them. No command tells
//! what an email says unless it is asked to: that is client data.

mod digest;
mod list;
mod purge;
mod refill;
mod requeue;
mod show;

use std::process::ExitCode;
use std::sync::Arc;

use bellwether_jobs::{EmailOutbox, JobQueue};
use bellwether_settings::Settings;
use bellwether_store::{EmailJobState, EmailJobs, SharedDatabase, SystemClock};
use uuid::Uuid;

use crate::args::{self, JobsCommand, StateArg};
use crate::embedded::{block_on, opened};

/// Runs one command.
pub(crate) fn run(jobs: &args::Jobs) -> anyhow::Result<ExitCode> {
    let target = match &jobs.command {
        JobsCommand::List { target, .. }
        | JobsCommand::Show { target, .. }
        | JobsCommand::Requeue { target, .. }
        | JobsCommand::Purge { target, .. }
        | JobsCommand::Digest { target, .. }
        | JobsCommand::Refill { target } => target,
    };
    block_on(async {
        let settings = target.settings().await?;
        let database = opened(&settings).await?;
        let outcome = run_on(&database, &settings, &jobs.command).await;
        database.close().await;
        outcome
    })
}

async fn run_on(
    database: &SharedDatabase,
    settings: &Settings,
    command: &JobsCommand,
) -> anyhow::Result<ExitCode> {
    let jobs: &dyn EmailJobs = database.as_ref();
    match command {
        JobsCommand::List { state, limit, json, .. } => list::run(jobs, state, *limit, *json).await,
        JobsCommand::Show { uid, payload, json, .. } => show::run(jobs, *uid, *payload, *json).await,
        JobsCommand::Requeue { uids, all_parked, .. } => {
            requeue::run(&Outbox::open(database, settings).await?, uids, *all_parked).await
        }
        JobsCommand::Purge { uids, sent_before, yes, .. } => purge::run(jobs, uids, *sent_before, *yes).await,
        JobsCommand::Digest { again, .. } => {
            let environment = settings.environment.as_str();
            digest::run(&Outbox::open(database, settings).await?, database.as_ref(), environment, *again)
                .await
        }
        JobsCommand::Refill { .. } => refill::run(&Outbox::open(database, settings).await?).await,
    }
}

/// The table, the queue, and what joins them.
struct Outbox {
    emails: EmailOutbox,
    queue: Arc<dyn JobQueue>,
    clock: Arc<SystemClock>,
}

impl Outbox {
    async fn open(database: &SharedDatabase, settings: &Settings) -> anyhow::Result<Self> {
        let redis = bellwether_engines::redis(settings, bellwether_engines::Absence::Fatal).await?;
        let queue = bellwether_engines::queue(settings, redis.as_ref()).await?;
        let clock = Arc::new(SystemClock);
        let emails = EmailOutbox::new(database.clone(), queue.clone(), clock.clone());
        Ok(Self { emails, queue, clock })
    }
}

/// Why a job that was named cannot be worked on.
async fn why_not(jobs: &dyn EmailJobs, uid: Uuid) -> anyhow::Result<String> {
    Ok(match jobs.find(uid).await? {
        None => format!("{uid}: there is no such job"),
        Some(job) => format!("{uid}: it is {}", job.state.as_str()),
    })
}

impl From<StateArg> for EmailJobState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Queued => Self::Queued,
            StateArg::Sending => Self::Sending,
            StateArg::Retrying => Self::Retrying,
            StateArg::Sent => Self::Sent,
            StateArg::Parked => Self::Parked,
        }
    }
}
