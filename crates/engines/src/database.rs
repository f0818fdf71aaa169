//! The database that the settings name.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bellwether_settings::{Database as DatabaseSettings, DatabaseTls, Settings};
use bellwether_store::mysql::{Mysql, MysqlOptions, MysqlTls};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{SharedDatabase, StoreError};
use secrecy::ExposeSecret as _;

use crate::{Absence, login};

/// Opens the database that `database.url` names, migrated or not.
///
/// # Errors
/// Naming the setting at fault; also where the database cannot be reached.
pub async fn database(settings: &Settings) -> anyhow::Result<SharedDatabase> {
    open(settings).await?.with_context(|| unreachable(settings))
}

/// Opens the database for a service: it has to be migrated. One that cannot be reached is an error, or is
/// waited for, as `absence` says; one that turns the login away is an error always.
///
/// # Errors
/// Naming the setting at fault, or the command that migrates.
pub async fn migrated_database(settings: &Settings, absence: Absence) -> anyhow::Result<SharedDatabase> {
    let outcome = async {
        let database = open(settings).await??;
        let migrated = database.is_migrated().await?;
        let name = settings.name_of("database");
        ensure!(migrated, "{name}.url: the database is not up to date: run `bellwether migrate`");
        anyhow::Ok(database)
    };
    let error = match outcome.await {
        Ok(database) => return Ok(database),
        Err(error) => error,
    };
    let away = error.downcast_ref::<StoreError>().is_some_and(StoreError::is_transient);
    if away && absence == Absence::Waited && is_mysql(settings) {
        tracing::warn!(error = format!("{error:#}"), "the database is away: it is waited for");
        let mysql = Mysql::connect_lazy(login::database(settings), mysql_options(&settings.database));
        return Ok(Arc::new(mysql.await.with_context(|| unreachable(settings))?));
    }
    let name = settings.name_of("database");
    Err(error.context(format!("{name}.url, {name}.user, {name}.password: the database cannot be used")))
}

fn unreachable(settings: &Settings) -> String {
    format!("{}.url cannot be opened", settings.name_of("database"))
}

fn is_mysql(settings: &Settings) -> bool {
    settings.database.url.expose_secret().starts_with("mysql://")
}

async fn open(settings: &Settings) -> anyhow::Result<Result<SharedDatabase, StoreError>> {
    let url = settings.database.url.expose_secret();
    if is_mysql(settings) {
        let mysql = Mysql::connect(login::database(settings), mysql_options(&settings.database)).await;
        return Ok(mysql.map(|mysql| Arc::new(mysql) as SharedDatabase));
    }
    if url.starts_with("sqlite://") {
        let sqlite = Sqlite::connect(url, SqliteOptions::default()).await;
        return Ok(sqlite.map(|sqlite| Arc::new(sqlite) as SharedDatabase));
    }
    bail!("{}.url names no engine of this build", settings.name_of("database"))
}

fn mysql_options(settings: &DatabaseSettings) -> MysqlOptions {
    MysqlOptions {
        tls: match settings.tls {
            DatabaseTls::Off => MysqlTls::Off,
            DatabaseTls::Preferred => MysqlTls::Preferred,
            DatabaseTls::Required => MysqlTls::Required,
            DatabaseTls::Verify => MysqlTls::Verify,
        },
        ca_file: (!settings.ca_file.is_empty()).then(|| PathBuf::from(&settings.ca_file)),
        max_connections: settings.max_connections,
        acquire_timeout: Duration::from_millis(settings.acquire_timeout_milliseconds),
        statement_timeout: Duration::from_millis(settings.statement_timeout_milliseconds),
    }
}
