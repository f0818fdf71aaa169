//! `bellwether-api`: the service that answers predictions.

use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_api::{Application, Parts};
use bellwether_web::{command, logs, metrics, sentry, shutdown};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bellwether-api: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    // Before anything else: process 1 of a container is not sent a signal that it does not listen to.
    let stop = shutdown::on_signal()?;
    let begun = stop.run_until_cancelled(command::begin("server.bind")).await.transpose()?;
    let Some(settings) = begun.flatten() else { return Ok(()) };
    let _reports = sentry::begin(&settings)?;
    logs::begin(&settings.log).context("log.level")?;
    settings.keep_secrets_fresh(stop.clone().cancelled_owned());
    let metrics = metrics::begin()?;
    let starting =
        Box::pin(async { Application::build(&settings, Parts::open(&settings, metrics).await?).await });
    // Told to stop before it ever served, it has nobody to say goodbye to.
    let Some(started) = stop.run_until_cancelled(starting).await else { return Ok(()) };
    started?.run_until_stopped(stop).await
}
