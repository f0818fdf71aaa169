//! `bellwether-worker`: the service that sends the prediction emails.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use bellwether_engines::Absence;
use bellwether_store::SystemClock;
use bellwether_web::{command, logs, metrics, sentry, shutdown};
use bellwether_worker::startup::WorkerService;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bellwether-worker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    // Before anything else: process 1 of a container is not sent a signal that it does not listen to.
    let stop = shutdown::on_signal()?;
    let begun = stop.run_until_cancelled(command::begin("worker.bind")).await.transpose()?;
    let Some(settings) = begun.flatten() else { return Ok(()) };
    let _reports = sentry::begin(&settings)?;
    logs::begin(&settings.log).context("log.level")?;
    let metrics = metrics::begin()?;
    let database = bellwether_engines::migrated_database(&settings, Absence::Fatal).await?;
    let redis = bellwether_engines::redis(&settings, Absence::Fatal).await?;
    let queue = bellwether_engines::queue(&settings, redis.as_ref()).await?;
    let archive = bellwether_engines::archive(&settings)?;
    let worker = WorkerService::from_settings(&settings, database, archive, queue, Arc::new(SystemClock))?;
    settings.keep_secrets_fresh(stop.clone().cancelled_owned());
    worker.run_with_endpoints(&settings.worker.bind, metrics, stop).await
}
