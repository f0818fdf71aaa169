//! Clients into the database, in batches.

use std::collections::HashSet;

use anyhow::Context as _;
use bellwether_store::{ClientRow, Database, StoreError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::client::{ClientUpdate, Ltv};

/// Lookups under way at once, of what incomplete rows leave as it was.
const LOOKUPS: usize = 8;

/// Writes clients, a transaction a batch.
pub(super) struct Writer<'d> {
    database: &'d dyn Database,
    size: usize,
    batch: Vec<ClientUpdate>,
    clients: HashSet<String>,
    first_line: u64,
    written: u64,
}

impl<'d> Writer<'d> {
    /// A writer of batches of `size`.
    pub(super) fn new(database: &'d dyn Database, size: usize) -> Self {
        let (batch, clients) = (Vec::with_capacity(size), HashSet::new());
        Self { database, size, batch, clients, first_line: 0, written: 0 }
    }

    /// Takes a client, and writes if the batch is full.
    ///
    /// # Errors
    /// Where the database fails; names the lines at fault.
    pub(super) async fn add(&mut self, line: u64, client: ClientUpdate) -> anyhow::Result<()> {
        // A client that comes twice keeps the order of the file, which matters where a row is incomplete.
        if self.clients.contains(&client.client_id) {
            self.flush().await?;
        }
        if self.batch.is_empty() {
            self.first_line = line;
        }
        self.clients.insert(client.client_id.clone());
        self.batch.push(client);
        if self.batch.len() == self.size { self.flush().await } else { Ok(()) }
    }

    /// Writes the rest, and answers how many rows were written in all.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(super) async fn finish(mut self) -> anyhow::Result<u64> {
        self.flush().await?;
        Ok(self.written)
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let written = self.write().await.with_context(|| {
            format!(
                "the rows from line {} on cannot be written; those before are, and the file can be imported again",
                self.first_line
            )
        })?;
        self.written += written;
        self.clients.clear();
        Ok(())
    }

    async fn write(&mut self) -> Result<u64, StoreError> {
        let database = self.database;
        let rows = self.batch.drain(..).map(|client| completed(database, client));
        let rows: Vec<ClientRow> = stream::iter(rows).buffered(LOOKUPS).try_collect().await?;
        database.upsert(&rows).await
    }
}

/// The whole row: with what is known where the file says nothing.
async fn completed(database: &dyn Database, client: ClientUpdate) -> Result<ClientRow, StoreError> {
    let ltv = match client.ltv {
        Ltv::Is(ltv) => Some(ltv),
        Ltv::Unknown => None,
        Ltv::Unsaid => database.ltv(&client.client_id).await?,
    };
    let features = match client.features {
        Some(features) => features,
        None => database.features(&client.client_id).await?.unwrap_or_default(),
    };
    Ok(ClientRow { client_id: client.client_id, ltv, features })
}
