//! `bellwether-worker`: the service that sends the prediction emails.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use bellwether_jobs::sqlite::SqliteQueue;
use bellwether_store::SystemClock;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_web::{logs, shutdown};
use bellwether_worker::startup::WorkerService;
use secrecy::ExposeSecret as _;

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
    let settings = bellwether_settings::load()?;
    logs::begin(&settings.log).context("log.level")?;
    let stop = shutdown::on_signal()?;
    let url = settings.database.url.expose_secret();
    let database =
        Sqlite::connect(url, SqliteOptions::default()).await.context("database.url cannot be opened")?;
    let queue = SqliteQueue::open(&settings.queue.path).await.context("queue.path cannot be opened")?;
    let worker =
        WorkerService::from_settings(&settings, Arc::new(database), Arc::new(queue), Arc::new(SystemClock))?;
    Ok(worker.run(stop).await?)
}
