//! The SQLite engine: one file, one handle that implements every storage trait.
//!
//! SQLite has one writer at a time, so writes go through a pool of one connection and wait in line
//! there instead of colliding; reads have connections of their own and never wait for a writer (WAL).

mod clients;
mod config_store;
mod console;
mod drift_days;
mod email_jobs;
mod errors;
mod idempotency;
mod outcomes;
mod prediction_log;
mod replicas;
mod standing;
mod users;

pub(crate) use errors::{meaning, primary_code};

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::{Database, StoreError};

/// How a SQLite database is opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Connections for reading; default 4.
    pub readers: u32,
    /// How long a write waits for another process's; default 5 s.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers: 4, busy_timeout: Duration::from_secs(5) }
    }
}

/// An open SQLite database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens the database at a path or a `sqlite://` URL, and creates file and folders where missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the file cannot be opened; [`StoreError::Engine`] where the URL
    /// makes no sense or names a database in memory, which several connections could not share.
    pub async fn connect(location: &str, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = path_of(location)?;
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder)
                .await
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        }
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(options.busy_timeout);
        // The writer first: it creates the file and turns WAL on.
        let writer = pool(connect.clone(), 1).await?;
        let readers = pool(connect.pragma("query_only", "on"), options.readers.max(1)).await?;
        Ok(Self { writer, readers })
    }

    /// The one connection that writes. It may read too, but then reads wait for writes.
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.writer
    }

    /// Connections that only read.
    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn migrate(&self) -> Result<(), StoreError> {
        migrator().run(&self.writer).await.map_err(|error| StoreError::Engine(Box::new(error)))
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        let there: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
                .fetch_one(&self.readers)
                .await?;
        if there == 0 {
            return Ok(false);
        }
        let run: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(&self.readers)
            .await?;
        Ok(migrator().iter().all(|migration| run.contains(&migration.version)))
    }

    async fn prepare_days(&self, _now: DateTime<Utc>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../../migrations/sqlite");
    migrator.set_ignore_missing(true);
    migrator
}

async fn pool(connect: SqliteConnectOptions, size: u32) -> Result<SqlitePool, StoreError> {
    Ok(SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(connect)
        .await?)
}

/// `sqlite:///a/b.db` is `/a/b.db`; `sqlite://b.db` and `sqlite:b.db` are `b.db`; so is `b.db`.
fn path_of(location: &str) -> Result<&Path, StoreError> {
    let path =
        location.strip_prefix("sqlite://").or_else(|| location.strip_prefix("sqlite:")).unwrap_or(location);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.is_empty() || path.contains(":memory:") {
        let reason = format!("`{location}` names no file");
        return Err(StoreError::Engine(reason.into()));
    }
    Ok(Path::new(path))
}
