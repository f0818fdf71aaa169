//! `bellwether migrate`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use bellwether_engines::database;
use bellwether_people::check_password;
use bellwether_settings::Settings;
use bellwether_store::Database;

use crate::args;
use crate::embedded::{block_on, migrate};
use crate::samples;

/// Holds the first user's password.
const FIRST_PASSWORD: &str = "BELLWETHER_FIRST_PASSWORD";

/// Migrates, and says which config version is live.
pub(crate) fn run(args: &args::Migrate) -> anyhow::Result<ExitCode> {
    block_on(async {
        let settings = args.target.settings().await?;
        let database = database(&settings).await?;
        let live = migrate(database.as_ref(), &settings).await?;
        let version = format!("config version {}", live.version);
        match &live.document {
            Ok(_) => println!("{}: the database is up to date; {version} is live", live.environment),
            Err(unreadable) => {
                let reasons = unreadable.reasons.join("; ");
                println!("{}: the database is up to date; {version} is refused: {reasons}", live.environment);
            }
        }
        if args.samples {
            write_samples(database.as_ref(), &settings).await?;
        }
        database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

async fn write_samples(database: &dyn Database, settings: &Settings) -> anyhow::Result<()> {
    let models = Arc::new(bellwether_engines::fetched_models(settings).await?);
    samples::clients(database, &models).await?;
    println!("{} clients are there", bellwether_store::Clients::count(database).await?);
    let given = std::env::var(FIRST_PASSWORD).ok().filter(|password| !password.is_empty());
    let password = given.clone().unwrap_or_else(samples::password_of_chance);
    check_password(&password).map_err(|expected| anyhow!("{FIRST_PASSWORD}: {expected}"))?;
    let added = samples::first_user_of(database, &password).await.context("admin cannot be added")?;
    match (added, given) {
        (false, _) => println!("no user was added: somebody is there"),
        (true, Some(_)) => println!("added admin, with the password in {FIRST_PASSWORD}"),
        (true, None) => println!("added admin, password {password} (shown this once)"),
    }
    Ok(())
}
