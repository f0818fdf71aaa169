//! `bellwether-worker`: the service that sends the prediction emails.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use bellwether_store::SystemClock;
use bellwether_web::{logs, shutdown};
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
    let settings = bellwether_settings::load().await?;
    logs::begin(&settings.log).context("log.level")?;
    let stop = shutdown::on_signal()?;
    let database = bellwether_engines::database(&settings).await?;
    let queue = bellwether_engines::queue(&settings).await?;
    let worker = WorkerService::from_settings(&settings, database, queue, Arc::new(SystemClock))?;
    Ok(worker.run(stop).await?)
}
