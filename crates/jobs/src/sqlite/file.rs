//! How the queue's file is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use apalis_sqlite::SqliteStorage;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::engine;
use crate::QueueError;

/// Opens the file, or a new one where there is none or what is there is damaged.
pub(super) async fn open(path: &Path) -> Result<SqlitePool, QueueError> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(engine)?;
    }
    match connect(path).await {
        Err(error) if is_damaged(&error) => {
            put_aside(path).await.map_err(engine)?;
            tracing::error!(path = %path.display(), %error, "the queue's file is damaged: a new one is refilled");
            connect(path).await.map_err(engine)
        }
        opened => opened.map_err(engine),
    }
}

/// apalis's own `setup` is not called: it would turn syncing off. One connection, which SQLite's single
/// writer makes no slower, and which never sees another file than the one it opened: deleting the file
/// under a running process takes effect with the next start, and not with half of the connections.
async fn connect(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5));
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    if let Err(error) = prepare(&pool).await {
        pool.close().await;
        return Err(error);
    }
    Ok(pool)
}

async fn prepare(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    SqliteStorage::migrations().run(pool).await?;
    // SQLite would find a ticket to ack by this index, walking through all its worker ever fetched,
    // rather than by its id: 20,000 tickets then take minutes instead of seconds.
    sqlx::query("DROP INDEX IF EXISTS LIdx").execute(pool).await?;
    Ok(())
}

/// SQLite's result codes for a damaged file and for a file that is no database.
fn is_damaged(error: &sqlx::Error) -> bool {
    let inner = match error {
        sqlx::Error::Migrate(error) => match error.as_ref() {
            sqlx::migrate::MigrateError::Execute(inner) => inner,
            sqlx::migrate::MigrateError::ExecuteMigration(inner, _) => inner,
            _ => return false,
        },
        other => other,
    };
    inner
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

async fn put_aside(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let file = with_suffix(path, suffix);
        if tokio::fs::try_exists(&file).await? {
            tokio::fs::rename(&file, with_suffix(path, &format!("{suffix}.damaged"))).await?;
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
