//! The journal: the local, durable list of what was answered and has still to reach the database, the
//! archive and the queue.
//!
//! A SQLite file of its own in WAL mode. One task commits appends, as many together as are waiting; reads
//! and checkpoints have connections of their own, and so an append waits for nothing but its commit
//! and, now and then, for one short statement that moves a cursor or trims. What moves entries
//! onward is the `relay`.

mod checkpoint;
mod copy;
mod cursors;
mod error;
mod file;
mod find;
mod options;
mod parked;
mod writer;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bellwether_core::prediction::LogRecord;
use futures_util::TryStreamExt;
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use copy::{Contents, Pending, back_up, contents, restore};
pub(crate) use cursors::Position;
pub use error::JournalError;
pub use options::{JournalOptions, JournalSync};
pub use parked::Parked;
use writer::{Append, Writer};

/// A read ends early past this many bytes of JSON, so that large records do not fill the memory.
const READ_BYTES: usize = 8 << 20;

/// One journal entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in this journal, counting up from 1.
    pub seq: u64,
    /// What was appended.
    pub record: LogRecord,
    /// The same as the JSON text that was written: one line.
    pub raw: String,
}

/// An entry as it is stored.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Stored {
    pub(crate) seq: u64,
    #[sqlx(rename = "record")]
    pub(crate) raw: String,
}

impl TryFrom<Stored> for Entry {
    type Error = JournalError;

    fn try_from(stored: Stored) -> Result<Self, JournalError> {
        match serde_json::from_str(&stored.raw) {
            Ok(record) => Ok(Self { seq: stored.seq, record, raw: stored.raw }),
            // serde's message may quote a value, which is client data: its place has to do.
            Err(error) => Err(JournalError::Corrupt {
                seq: stored.seq,
                reason: format!("not a record this build reads, at column {}", error.column()),
            }),
        }
    }
}

/// What the journal's tasks and its handle share.
struct Shared {
    /// `None` once closed.
    writer: AsyncMutex<Option<SqliteConnection>>,
    /// The last seq committed.
    last: watch::Sender<u64>,
    trimmed: AtomicU64,
    positions: Mutex<BTreeMap<String, Position>>,
    max_pages: u64,
    log_bytes: u64,
    reserve_bytes: u64,
    /// The folder whose disk has to keep that reserve.
    folder: PathBuf,
    /// The write-ahead log.
    log_file: PathBuf,
    /// Bytes written since a checkpoint was last asked for, about.
    written: AtomicU64,
    grown: Notify,
    /// Held while the journal is open.
    lock: Mutex<Option<File>>,
}

impl Shared {
    /// Whether there is room left beyond the reserve: on the disk, or, where that is short, with what the file
    /// and its log hold already and would use again.
    async fn has_room(&self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        // Where the disk cannot tell, as on some network file systems, writing will.
        let Ok(disk) = rustix::fs::statvfs(&self.folder) else { return Ok(true) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free >= self.reserve_bytes {
            return Ok(true);
        }
        let pages: u64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(connection).await?;
        let log = std::fs::metadata(&self.log_file).map_or(0, |log| log.len());
        let reusable = pages.saturating_mul(u64::from(file::PAGE_BYTES)).saturating_add(log);
        Ok(free.saturating_add(reusable) >= self.reserve_bytes)
    }

    /// Notes what was written, and wakes the checkpointer when it is due.
    fn grown_by(&self, bytes: usize) {
        let bytes = bytes as u64;
        let written = self.written.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if written >= self.log_bytes / 4 {
            self.written.store(0, Ordering::Relaxed);
            self.grown.notify_one();
        }
    }
}

/// An open journal. Share it behind an `Arc`.
pub struct Journal {
    id: String,
    appends: mpsc::Sender<Append>,
    shared: Arc<Shared>,
    readers: SqlitePool,
    tasks: AsyncMutex<Vec<JoinHandle<()>>>,
    closing: CancellationToken,
    /// Ends the tasks of a journal that is dropped without being closed.
    _close_on_drop: DropGuard,
}

impl Journal {
    /// Opens the journal at `path`, and creates file and folders where missing.
    ///
    /// # Errors
    /// [`JournalError::Unwritable`], [`JournalError::InUse`] while somebody else has it open,
    /// [`JournalError::TooNew`], [`JournalError::Io`].
    pub async fn open(path: &Path, options: JournalOptions) -> Result<Self, JournalError> {
        let opened = file::open(path, &options).await?;
        let shared = Arc::new(Shared {
            writer: AsyncMutex::new(Some(opened.writer)),
            last: watch::Sender::new(opened.last),
            trimmed: AtomicU64::new(opened.trimmed),
            positions: Mutex::default(),
            max_pages: opened.max_pages,
            log_bytes: options.log_bytes,
            reserve_bytes: options.reserve_bytes,
            log_file: file::beside(path, "-wal"),
            folder: path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."))
                .to_owned(),
            written: AtomicU64::new(0),
            grown: Notify::new(),
            lock: Mutex::new(Some(opened.lock)),
        });
        let closing = CancellationToken::new();
        let (appends, waiting) = mpsc::channel(options.queue.max(1));
        let writer = Writer::new(waiting, closing.clone(), shared.clone());
        let checkpointer = checkpoint::run(opened.checkpointer, shared.clone(), closing.clone());
        let tasks = vec![tokio::spawn(writer.run()), tokio::spawn(checkpointer)];
        Ok(Self {
            id: opened.id,
            appends,
            shared,
            readers: opened.readers,
            tasks: AsyncMutex::new(tasks),
            _close_on_drop: closing.clone().drop_guard(),
            closing,
        })
    }

    /// The journal's own name, made once and kept in the file: 32 hex digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Appends a record; returns once it is committed. A caller that stops waiting leaves the record
    /// to be appended.
    ///
    /// # Errors
    /// [`JournalError::Busy`] at once where too many wait; [`JournalError::Full`] where there is no room left;
    /// [`JournalError::Io`]. The record is then not in the journal.
    pub async fn append(&self, record: &LogRecord) -> Result<(), JournalError> {
        let json =
            serde_json::to_string(record).map_err(|error| JournalError::Unserialisable(Arc::new(error)))?;
        let (done, committed) = oneshot::channel();
        let at = record.logging_timestamp.timestamp_millis();
        self.appends.try_send(Append { at, json, done }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => JournalError::Busy,
            mpsc::error::TrySendError::Closed(_) => JournalError::Closed,
        })?;
        committed.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Up to `limit` entries after `after`, in order; fewer where they are large.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] where one of them cannot be read, [`JournalError::Io`].
    pub async fn read(&self, after: u64, limit: usize) -> Result<Vec<Entry>, JournalError> {
        let stored = self.read_stored(after, None, limit).await?;
        stored.into_iter().map(Entry::try_from).collect()
    }

    /// As [`Journal::read`], up to and with `through`, and without making sense of the records.
    pub(crate) async fn read_stored(
        &self,
        after: u64,
        through: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        let rows = sqlx::query_as::<_, Stored>(
            "SELECT seq, record FROM entries WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        );
        let mut rows = rows
            .bind(after.cast_signed())
            .bind(through.map_or(i64::MAX, u64::cast_signed))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch(&self.readers);
        let (mut read, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            bytes += row.raw.len();
            read.push(row);
            // A given end was found by a bounded read.
            if bytes >= READ_BYTES && through.is_none() {
                break;
            }
        }
        Ok(read)
    }

    /// The last seq committed, now and whenever it changes.
    pub fn appended(&self) -> watch::Receiver<u64> {
        self.shared.last.subscribe()
    }

    /// The last seq committed; 0 before the first.
    pub fn last(&self) -> u64 {
        *self.shared.last.borrow()
    }

    /// Commits what was accepted, refuses the rest, and lets go of the file. Stop the relay before.
    ///
    /// # Errors
    /// [`JournalError::Io`] where the file does not close cleanly; what was acknowledged is safe.
    pub async fn close(&self) -> Result<(), JournalError> {
        self.closing.cancel();
        for task in self.tasks.lock().await.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the journal failed");
            }
        }
        self.readers.close().await;
        let writer = self.shared.writer.lock().await.take();
        if let Some(mut writer) = writer {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer).await?;
            writer.close().await?;
        }
        let lock = &self.shared.lock;
        drop(lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    }
}
