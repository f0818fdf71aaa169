//! Changes in SQLite, which has one writer at a time: a change has the database to itself.

use async_trait::async_trait;

use crate::StoreError;
use crate::console::{Committed, Ledger, NewAuditEntry, Step};
use crate::sql::make;
use crate::sqlite::Sqlite;

#[async_trait]
impl Ledger for Sqlite {
    async fn commit(&self, line: NewAuditEntry, steps: Vec<Step>) -> Result<Committed, StoreError> {
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        // What is not committed is undone when the transaction is dropped.
        let committed = make(&mut *transaction, line, steps).await?;
        transaction.commit().await?;
        Ok(committed)
    }
}
