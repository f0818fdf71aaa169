//! `bellwether-config-admin`: the config console.

use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_config_admin::{ConsoleService, Parts};
use bellwether_web::{command, logs, metrics, sentry, shutdown};

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bellwether-config-admin: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    // Before anything else: process 1 of a container is not sent a signal that it does not listen to.
    let stop = shutdown::on_signal()?;
    let begun = stop.run_until_cancelled(command::begin("console.bind")).await.transpose()?;
    let Some(settings) = begun.flatten() else { return Ok(()) };
    let _reports = sentry::begin(&settings)?;
    logs::begin(&settings.log).context("log.level")?;
    settings.keep_secrets_fresh(stop.clone().cancelled_owned());
    let opening = Box::pin(Parts::open(&settings, metrics::begin()?));
    let Some(parts) = stop.run_until_cancelled(opening).await else { return Ok(()) };
    ConsoleService::build(&settings, parts?)?.run_until_stopped(stop).await
}
