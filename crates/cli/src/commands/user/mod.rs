//! `bellwether user`: people who may log in to the config console, and their tokens. Everything that is changed is a
//! line in the audit log.

mod add;
mod change;
mod desk;
mod list;
mod token;

use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_settings::Settings;
use chrono::TimeDelta;

pub(crate) use add::add;
pub(crate) use desk::Desk;

use crate::actor::actor;
use crate::args::{self, Token, UserCommand};
use crate::embedded::{block_on, opened};

/// Runs one command.
pub(crate) fn run(user: &args::User) -> anyhow::Result<ExitCode> {
    let target = match &user.command {
        UserCommand::Add { target, .. }
        | UserCommand::Disable { target, .. }
        | UserCommand::Enable { target, .. }
        | UserCommand::Passwd { target, .. }
        | UserCommand::Role { target, .. }
        | UserCommand::Email { target, .. }
        | UserCommand::List { target, .. }
        | UserCommand::Token(Token { target, .. }) => target,
    };
    block_on(async {
        let settings = target.console_settings().await?;
        // The first person is added before anything else is there.
        let database = if matches!(user.command, UserCommand::Add { .. }) {
            let database = bellwether_engines::database(&settings).await?;
            database.migrate().await.context("the database cannot be migrated")?;
            database
        } else {
            opened(&settings).await?
        };
        let desk = Desk::new(database.as_ref(), actor());
        let outcome = run_on(&desk, &user.command, &settings).await;
        database.close().await;
        outcome.map(|()| ExitCode::SUCCESS)
    })
}

async fn run_on(desk: &Desk<'_>, command: &UserCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, role, email, .. } => {
            add::run(desk, name, (*role).into(), email.as_deref()).await
        }
        UserCommand::Disable { name, .. } => change::disabled(desk, name, true).await,
        UserCommand::Enable { name, .. } => change::disabled(desk, name, false).await,
        UserCommand::Passwd { name, .. } => change::password(desk, name).await,
        UserCommand::Role { name, role, .. } => change::role(desk, name, (*role).into()).await,
        UserCommand::Email { name, address, .. } => change::email(desk, name, address.as_deref()).await,
        UserCommand::List { json, .. } => {
            let idle = TimeDelta::minutes(settings.console.session_idle_minutes.into());
            list::run(desk, idle, *json).await
        }
        UserCommand::Token(token) => token::run(desk, token).await,
    }
}
