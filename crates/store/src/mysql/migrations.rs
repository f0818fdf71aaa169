//! Migrations in MySQL, where a definition commits by itself: half of one may be left by a process that died.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};

use super::Mysql;
use super::errors::is_missing_table;
use crate::StoreError;

/// How long a process waits for another that migrates.
const PATIENCE: Duration = Duration::from_secs(600);

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../../migrations/mysql");
    // The lock here has a bound, and is taken before what an earlier process left is looked at.
    migrator.set_ignore_missing(true).set_locking(false);
    migrator
}

pub(super) async fn migrate(mysql: &Mysql) -> Result<(), StoreError> {
    let mut lock = mysql.lock("migrate", PATIENCE).await?;
    // Who began these is dead, or the lock would be taken: they are run again, whole.
    let halves = sqlx::query("DELETE FROM _sqlx_migrations WHERE success = FALSE");
    match halves.execute(&mut lock.lease).await {
        Err(error) if !is_missing_table(&error) => return Err(error.into()),
        _ => {}
    }
    migrator().run_direct(None, lock.lease.bare()?, false).await.map_err(failure)?;
    lock.free().await
}

fn failure(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => error.into(),
        error => StoreError::Engine(Box::new(error)),
    }
}

pub(super) async fn is_migrated(mysql: &Mysql) -> Result<bool, StoreError> {
    let run = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success");
    match run.fetch_all(mysql).await {
        Ok::<Vec<i64>, _>(run) => Ok(migrator().iter().all(|migration| run.contains(&migration.version))),
        Err(error) if is_missing_table(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
