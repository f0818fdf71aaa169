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
        println!("{}: the database is up to date; config version {} is live", live.environment, live.version);
        database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}
