//! Keeps the write-ahead log short, off the way of appends.
//!
//! A checkpoint copies the log into the file and fsyncs both. The passive kind waits for nobody and
//! makes nobody wait, but under a steady load it never gets to the very end, where the log could start
//! over. Once the log passes its bound a restart is forced, which holds appends up for one fsync.

use std::sync::Arc;

use sqlx::{Connection, SqliteConnection};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::file::PAGE_BYTES;

pub(super) async fn run(mut connection: SqliteConnection, shared: Arc<Shared>, closing: CancellationToken) {
    loop {
        tokio::select! {
            () = closing.cancelled() => break,
            () = shared.grown.notified() => {}
        }
        if let Err(error) = checkpoint(&mut connection, shared.log_bytes).await {
            // The log only grows until the next one succeeds.
            tracing::warn!(%error, "the journal cannot be checkpointed");
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the journal's checkpointer did not close cleanly");
    }
}

async fn checkpoint(connection: &mut SqliteConnection, log_bytes: u64) -> Result<(), sqlx::Error> {
    let frames = in_log(connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
    if frames.saturating_mul(u64::from(PAGE_BYTES)) > log_bytes {
        in_log(connection, "PRAGMA wal_checkpoint(RESTART)").await?;
    }
    Ok(())
}

/// Runs a checkpoint; answers how many frames the log held.
async fn in_log(connection: &mut SqliteConnection, pragma: &'static str) -> Result<u64, sqlx::Error> {
    let (_busy, frames, _copied): (i64, i64, i64) = sqlx::query_as(pragma).fetch_one(connection).await?;
    // -1 where there is no log.
    Ok(u64::try_from(frames).unwrap_or(0))
}
