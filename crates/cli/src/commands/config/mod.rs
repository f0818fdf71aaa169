//! `bellwether config`: the config console from the command line and from pipelines, over its API.
//!
//! Exit codes: 0 where everything asked for happened, 2 where a trial did not pass, 3 where production does not have a
//! promoted version everywhere in time or did not keep it, 1 for everything else.

mod answers;
mod change;
mod client;
mod diff;
mod follow;
mod forget;
mod get;
mod history;
mod printed;
mod promote;
mod propose;
mod revert;
mod status;
mod steps;

use std::process::ExitCode;

pub(crate) use change::Change;

use crate::args::{self, ConfigCommand, ConsoleArgs};
use crate::embedded::block_on;
use client::Client;

/// Runs one command.
pub(crate) fn run(config: &args::Config) -> anyhow::Result<ExitCode> {
    let client = Client::new(console(&config.command))?;
    block_on(run_on(&client, &config.command))
}

async fn run_on(client: &Client, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Get { environment, version, json, .. } => {
            get::run(client, *environment, *version, *json).await
        }
        ConfigCommand::History { environment, limit, before, json, .. } => {
            history::run(client, *environment, *limit, *before, *json).await
        }
        ConfigCommand::Diff { version, to, environment, json, .. } => {
            diff::run(client, *environment, *version, *to, *json).await
        }
        ConfigCommand::Propose(propose) => propose::run(client, propose).await,
        ConfigCommand::Try { id, wait, timeout, .. } => {
            steps::try_it(client, *id, wait.then_some(*timeout)).await
        }
        ConfigCommand::Approve { id, .. } => steps::approve(client, *id).await,
        ConfigCommand::Withdraw { id, .. } => steps::withdraw(client, *id).await,
        ConfigCommand::Promote(promote) => promote::run(client, promote).await,
        ConfigCommand::Revert(revert) => revert::run(client, revert).await,
        ConfigCommand::Status { id, json, .. } => status::run(client, *id, *json).await,
        ConfigCommand::ForgetReplica { name, environment, .. } => {
            forget::run(client, name, *environment).await
        }
        ConfigCommand::Wait { id, timeout, .. } => steps::wait(client, *id, *timeout).await,
    }
}

fn console(command: &ConfigCommand) -> &ConsoleArgs {
    match command {
        ConfigCommand::Get { console, .. }
        | ConfigCommand::History { console, .. }
        | ConfigCommand::Diff { console, .. }
        | ConfigCommand::Try { console, .. }
        | ConfigCommand::Approve { console, .. }
        | ConfigCommand::Withdraw { console, .. }
        | ConfigCommand::Status { console, .. }
        | ConfigCommand::ForgetReplica { console, .. }
        | ConfigCommand::Wait { console, .. } => console,
        ConfigCommand::Propose(propose) => &propose.console,
        ConfigCommand::Promote(promote) => &promote.console,
        ConfigCommand::Revert(revert) => &revert.console,
    }
}
