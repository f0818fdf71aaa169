//! The journal's file: its lock, its schema, its connections.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{JournalError, JournalOptions, JournalSync};

/// The file format this build writes.
pub(super) const FORMAT: u32 = 1;
pub(super) const PAGE_BYTES: u32 = 4096;
/// Several sinks read at the same time.
const READERS: u32 = 4;

/// `AUTOINCREMENT` keeps a seq from being given again after its entry was trimmed: cursors and archive
/// keys rely on it.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS meta (
        key   TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS entries (
        seq    INTEGER PRIMARY KEY AUTOINCREMENT,
        at     INTEGER NOT NULL,
        record TEXT    NOT NULL
    );
    CREATE TABLE IF NOT EXISTS cursors (
        sink    TEXT    NOT NULL PRIMARY KEY,
        seq     INTEGER NOT NULL,
        planned INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS parked (
        sink      TEXT    NOT NULL,
        seq       INTEGER NOT NULL,
        reason    TEXT    NOT NULL,
        parked_at TEXT    NOT NULL,
        record    TEXT    NOT NULL,
        PRIMARY KEY (sink, seq)
    );
    PRAGMA user_version = 1;
";

/// Everything an open journal needs of its file.
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) writer: SqliteConnection,
    pub(super) checkpointer: SqliteConnection,
    pub(super) readers: SqlitePool,
    pub(super) id: String,
    /// The last seq ever given; 0 before the first.
    pub(super) last: u64,
    /// Everything up to here was trimmed.
    pub(super) trimmed: u64,
    /// `max_bytes` in pages.
    pub(super) max_pages: u64,
}

pub(super) async fn open(path: &Path, options: &JournalOptions) -> Result<Opened, JournalError> {
    let lock = lock(path)?;
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match options.sync {
            JournalSync::Os => SqliteSynchronous::Normal,
            JournalSync::Disk => SqliteSynchronous::Full,
        })
        .busy_timeout(Duration::from_secs(5))
        // Checkpoints fsync: they are made on a connection of their own, off the way of appends.
        .pragma("wal_autocheckpoint", "0")
        .pragma("journal_size_limit", options.log_bytes.to_string());
    let max_pages = (options.max_bytes / u64::from(PAGE_BYTES)).max(16);
    let mut writer = connect.clone().pragma("max_page_count", max_pages.to_string()).connect().await?;
    let found: u32 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut writer).await?;
    if found > FORMAT {
        return Err(JournalError::TooNew { path: path.to_owned(), found, known: FORMAT });
    }
    sqlx::raw_sql(SCHEMA).execute(&mut writer).await?;
    let id = identity(&mut writer).await?;
    let ends: SqliteRow = sqlx::query(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0),
                (SELECT min(seq) FROM entries)",
    )
    .fetch_one(&mut writer)
    .await?;
    let last: u64 = ends.try_get(0)?;
    let first: Option<u64> = ends.try_get(1)?;
    let checkpointer = connect.connect().await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(connect.pragma("query_only", "on"))
        .await?;
    Ok(Opened {
        lock,
        writer,
        checkpointer,
        readers,
        id,
        last,
        trimmed: first.map_or(last, |first| first.saturating_sub(1)),
        max_pages,
    })
}

/// The journal's own name, made on first opening.
async fn identity(writer: &mut SqliteConnection) -> Result<String, JournalError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("INSERT INTO meta (key, value) VALUES ('id', ?) ON CONFLICT (key) DO NOTHING")
        .bind(Uuid::now_v7().simple().to_string())
        .execute(&mut *transaction)
        .await?;
    let id =
        sqlx::query_scalar("SELECT value FROM meta WHERE key = 'id'").fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(id)
}

/// The file of the journal's own name with something after it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Takes the lock beside the journal. The operating system frees it when the process ends, however it ends.
pub(super) fn lock(path: &Path) -> Result<File, JournalError> {
    let unwritable =
        |source: std::io::Error| JournalError::Unwritable { path: path.to_owned(), source: Arc::new(source) };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(beside(path, ".lock"))
        .map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message: an unreadable name is no reason to fail otherwise.
            let _ = file.read_to_string(&mut holder);
            return Err(JournalError::InUse {
                path: path.to_owned(),
                holder: match holder.trim() {
                    "" => "another process".to_owned(),
                    pid => format!("process {pid}"),
                },
            });
        }
        Err(fs::TryLockError::Error(source)) => return Err(unwritable(source)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(unwritable)?;
    Ok(file)
}
