//! The database that the settings name.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use bellwether_settings::Settings;
use bellwether_store::SharedDatabase;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use secrecy::ExposeSecret as _;

/// Opens the database that `database.url` names.
///
/// # Errors
/// Naming the setting at fault.
pub async fn database(settings: &Settings) -> anyhow::Result<SharedDatabase> {
    let url = settings.database.url.expose_secret();
    if url.starts_with("sqlite://") {
        let sqlite = Sqlite::connect(url, SqliteOptions::default()).await;
        return Ok(Arc::new(sqlite.context("database.url cannot be opened")?));
    }
    bail!("database.url names no engine of this build")
}
