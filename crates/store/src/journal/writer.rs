//! Group commit: whatever waits is written by one statement, which is one transaction.

use std::sync::Arc;
use std::time::Instant;

use sqlx::{AssertSqlSafe, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{JournalError, Shared};

/// The most records of one commit: a power of two.
const MAX_GROUP: usize = 256;
/// What a commit adds to the write-ahead log beside its records: about three pages.
const COMMIT_BYTES: usize = 3 * 4096;

/// One record that waits to be committed.
pub(super) struct Append {
    /// The record's time, in milliseconds since 1970.
    pub(super) at: i64,
    pub(super) json: String,
    pub(super) done: oneshot::Sender<Result<(), JournalError>>,
}

pub(super) struct Writer {
    appends: mpsc::Receiver<Append>,
    closing: CancellationToken,
    shared: Arc<Shared>,
    /// Whether the last commit failed: said when it changes, not for every record.
    failing: bool,
    /// Statements for 1, 2, 4 … rows: few enough for all of them to stay prepared.
    statements: Vec<Arc<str>>,
}

impl Writer {
    pub(super) fn new(
        appends: mpsc::Receiver<Append>,
        closing: CancellationToken,
        shared: Arc<Shared>,
    ) -> Self {
        let sizes = 0..=MAX_GROUP.trailing_zeros();
        Self {
            appends,
            closing,
            shared,
            failing: false,
            statements: sizes.map(|power| statement(1 << power)).collect(),
        }
    }

    /// Commits until the journal closes, and then what still waits.
    pub(super) async fn run(mut self) {
        let mut group = Vec::with_capacity(MAX_GROUP);
        loop {
            let closing = !self.appends.is_closed();
            tokio::select! {
                biased;
                () = self.closing.cancelled(), if closing => self.appends.close(),
                count = self.appends.recv_many(&mut group, MAX_GROUP) => {
                    if count == 0 {
                        break;
                    }
                    self.commit(&mut group).await;
                }
            }
        }
    }

    async fn commit(&mut self, group: &mut Vec<Append>) {
        let started = Instant::now();
        let mut waiting = Vec::with_capacity(group.len());
        let mut rows = Vec::with_capacity(group.len());
        for append in group.drain(..) {
            waiting.push(append.done);
            rows.push((append.at, append.json));
        }
        let outcome = self.write(rows).await;
        metrics::histogram!("bellwether_journal_commit_seconds").record(started.elapsed());
        match &outcome {
            Ok(()) => metrics::counter!("bellwether_journal_appended_total").increment(waiting.len() as u64),
            Err(_) => metrics::counter!("bellwether_journal_refused_total").increment(waiting.len() as u64),
        }
        self.tell(outcome.as_ref().err());
        for done in waiting {
            // A caller that went away has its record all the same.
            let _ = done.send(outcome.clone());
        }
    }

    fn tell(&mut self, error: Option<&JournalError>) {
        match error {
            Some(error) if !self.failing => tracing::error!(%error, "the journal cannot be written"),
            None if self.failing => tracing::info!("the journal can be written again"),
            _ => {}
        }
        self.failing = error.is_some();
    }

    async fn write(&self, rows: Vec<(i64, String)>) -> Result<(), JournalError> {
        let bytes: usize = rows.iter().map(|(_, json)| json.len()).sum();
        let mut writer = self.shared.writer.lock().await;
        let connection = writer.as_mut().ok_or(JournalError::Closed)?;
        if !self.shared.has_room(connection).await? {
            return Err(JournalError::Full("its disk has no room left"));
        }
        let last = self.insert(connection, rows).await?;
        // Still under the lock, so that the seqs announced never go back.
        self.shared.last.send_replace(last);
        drop(writer);
        self.shared.grown_by(bytes + COMMIT_BYTES);
        Ok(())
    }

    /// Inserts the rows, padded with nulls to the next power of two; answers the last seq.
    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        rows: Vec<(i64, String)>,
    ) -> Result<u64, sqlx::Error> {
        let power = rows.len().next_power_of_two().trailing_zeros();
        let padding = (1 << power) - rows.len();
        let mut insert = sqlx::query(AssertSqlSafe(self.statements[power as usize].clone()));
        for (at, json) in rows {
            insert = insert.bind(at).bind(json);
        }
        for _ in 0..padding {
            insert = insert.bind(None::<i64>).bind(None::<String>);
        }
        let result = insert.execute(connection).await?;
        Ok(result.last_insert_rowid().cast_unsigned())
    }
}

/// An insert of up to `rows` records; those that are null are left out.
fn statement(rows: usize) -> Arc<str> {
    let values = vec!["(?,?)"; rows].join(",");
    format!(
        "INSERT INTO entries (at, record) \
         SELECT column1, column2 FROM (VALUES {values}) WHERE column1 IS NOT NULL"
    )
    .into()
}
