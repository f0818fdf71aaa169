//! `bellwether experiment`: which experiments there are, and what one shows. Reads only.

mod list;
mod report;
mod told;

use std::process::ExitCode;

use bellwether_settings::Settings;
use bellwether_store::SharedDatabase;

use crate::args::{self, ExperimentCommand};
use crate::embedded::{block_on, opened};

/// Runs one command.
pub(crate) fn run(experiment: &args::Experiment) -> anyhow::Result<ExitCode> {
    block_on(async {
        let settings = match &experiment.command {
            ExperimentCommand::List { place, .. } => place.settings().await?,
            ExperimentCommand::Report(report) => report.place.settings().await?,
        };
        let database = opened(&settings).await?;
        let outcome = run_on(&database, &settings, &experiment.command).await;
        database.close().await;
        outcome
    })
}

async fn run_on(
    database: &SharedDatabase,
    settings: &Settings,
    command: &ExperimentCommand,
) -> anyhow::Result<ExitCode> {
    let environment = settings.environment.as_str();
    match command {
        ExperimentCommand::List { json, .. } => list::run(database.as_ref(), environment, *json).await,
        ExperimentCommand::Report(asked) => report::run(database.as_ref(), environment, asked).await,
    }
}
