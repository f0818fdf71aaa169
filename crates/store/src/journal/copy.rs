//! A journal's copy for a backup, made beside the process that writes it, and put back as a journal; and what a file
//! holds, without opening it as a journal.
//!
//! Files copied one after the other, as `cp` does it, are no backup: the write-ahead log goes on meanwhile, and a
//! checkpoint in between leaves a copy that is of two moments. `VACUUM INTO` reads within one transaction, which is one
//! moment, and holds nobody up but a checkpoint.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::JournalError;
use super::file::{FORMAT, beside, lock};

/// What a journal's file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The last place given; 0 before the first.
    pub last: u64,
    /// Entries in the file, delivered or not.
    pub entries: u64,
    /// What each sink has still to take.
    pub sinks: Vec<Pending>,
    /// The time of the oldest entry that some sink has still to take.
    pub oldest: Option<DateTime<Utc>>,
    /// Entries set aside.
    pub parked: u64,
}

/// What one sink has still to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The sink's name.
    pub sink: String,
    /// How many entries.
    pub entries: u64,
}

/// What is in the journal at `path`, whether or not a process has it open.
///
/// # Errors
/// [`JournalError::Unreadable`], [`JournalError::Damaged`] where it is no journal, [`JournalError::TooNew`],
/// [`JournalError::Io`].
pub async fn contents(path: &Path) -> Result<Contents, JournalError> {
    let mut connection = connect(path).await?;
    let contents = read(&mut connection).await?;
    connection.close().await?;
    Ok(contents)
}

/// Copies the journal at `path`, whether or not a process has it open, to the new file `to`: whole, and as of one
/// moment. The copy is in one file and on the disk when this returns.
///
/// # Errors
/// As [`contents`]; [`JournalError::Unwritable`] where `to` is there already or cannot be written.
pub async fn back_up(path: &Path, to: &Path) -> Result<Contents, JournalError> {
    let unwritable = |source| JournalError::Unwritable { path: to.to_owned(), source: Arc::new(source) };
    if to.exists() {
        return Err(unwritable(std::io::ErrorKind::AlreadyExists.into()));
    }
    let mut connection = connect(path).await?;
    // Under its name only once it is whole.
    let part = beside(to, ".part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(error)),
        _ => {}
    }
    sqlx::query("VACUUM INTO ?").bind(text(&part)?).execute(&mut connection).await?;
    connection.close().await?;
    let copied = checked(&part).await?;
    File::open(&part).and_then(|file| file.sync_all()).map_err(unwritable)?;
    fs::rename(&part, to).map_err(unwritable)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable)?;
    Ok(copied)
}

/// Makes the copy `from` the journal at `path`, where none may be: what was written into one since would be lost.
///
/// # Errors
/// As [`back_up`]; [`JournalError::InUse`] while a process is on `path`; [`JournalError::Unwritable`] where a journal
/// or what another left of it lies at `path`.
pub async fn restore(from: &Path, path: &Path) -> Result<Contents, JournalError> {
    let _lock = lock(path)?;
    // SQLite would take another file's log for this one's.
    if let Some(left) = [path.to_owned(), beside(path, "-wal")].into_iter().find(|file| file.exists()) {
        let there = Arc::new(std::io::ErrorKind::AlreadyExists.into());
        return Err(JournalError::Unwritable { path: left, source: there });
    }
    checked(from).await?;
    back_up(from, path).await
}

/// As [`contents`], of a file that nobody waits for: every page of it is looked at.
async fn checked(path: &Path) -> Result<Contents, JournalError> {
    let mut connection = connect(path).await?;
    let found = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await;
    let found: String = found.unwrap_or_else(|error| error.to_string());
    if found != "ok" {
        return Err(JournalError::Damaged { path: path.to_owned(), reason: found });
    }
    let contents = read(&mut connection).await?;
    connection.close().await?;
    Ok(contents)
}

/// Opens the file as it is. While an api has it open, that decides on checkpoints; where none has, closing this connection
/// moves what is in `-wal` into the file, as SQLite does.
async fn connect(path: &Path) -> Result<SqliteConnection, JournalError> {
    if let Err(source) = File::open(path) {
        return Err(JournalError::Unreadable { path: path.to_owned(), source: Arc::new(source) });
    }
    let damaged = |reason: String| JournalError::Damaged { path: path.to_owned(), reason };
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
    let options = options.pragma("wal_autocheckpoint", "0");
    let mut connection = options.connect().await?;
    let format: Result<u32, _> = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await;
    match format {
        Ok(FORMAT) => Ok(connection),
        Ok(0) => Err(damaged("it is no journal".to_owned())),
        Ok(found) => Err(JournalError::TooNew { path: path.to_owned(), found, known: FORMAT }),
        Err(error) => Err(damaged(error.to_string())),
    }
}

async fn read(connection: &mut SqliteConnection) -> Result<Contents, JournalError> {
    let mut moment = connection.begin().await?;
    let (last, entries, parked): (i64, i64, i64) = sqlx::query_as(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0),
                (SELECT count(*) FROM entries), (SELECT count(*) FROM parked)",
    )
    .fetch_one(&mut *moment)
    .await?;
    let sinks: Vec<(String, i64)> = sqlx::query_as(
        "SELECT sink, (SELECT count(*) FROM entries WHERE entries.seq > cursors.seq) FROM cursors ORDER BY sink",
    )
    .fetch_all(&mut *moment)
    .await?;
    let oldest: Option<i64> = sqlx::query_scalar(
        "SELECT at FROM entries WHERE seq > (SELECT min(seq) FROM cursors) ORDER BY seq LIMIT 1",
    )
    .fetch_optional(&mut *moment)
    .await?;
    moment.commit().await?;
    let pending = |(sink, entries): (String, i64)| Pending { sink, entries: entries.cast_unsigned() };
    Ok(Contents {
        last: last.cast_unsigned(),
        entries: entries.cast_unsigned(),
        sinks: sinks.into_iter().map(pending).collect(),
        oldest: oldest.and_then(DateTime::from_timestamp_millis),
        parked: parked.cast_unsigned(),
    })
}

/// A path as SQL takes it.
fn text(path: &Path) -> Result<&str, JournalError> {
    path.to_str().ok_or_else(|| JournalError::Unwritable {
        path: path.to_owned(),
        source: Arc::new(std::io::ErrorKind::InvalidFilename.into()),
    })
}
