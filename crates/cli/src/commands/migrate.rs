//! `bellwether migrate`

use std::process::ExitCode;

use bellwether_engines::database;

use crate::args::Target;
use crate::embedded::{block_on, migrate};

/// Migrates, and says which config version is live.
pub(crate) fn run(target: &Target) -> anyhow::Result<ExitCode> {
    block_on(async {
        let settings = target.settings().await?;
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
        database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}
