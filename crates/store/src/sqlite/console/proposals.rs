//! Proposals in SQLite, read.

use async_trait::async_trait;
use bellwether_core::change::Proposal;

use super::clamped;
use crate::StoreError;
use crate::console::Proposals;
use crate::sql::{ProposalRow, readable, under_way_states};
use crate::sqlite::Sqlite;

#[async_trait]
impl Proposals for Sqlite {
    async fn proposal(&self, id: u64) -> Result<Option<Proposal>, StoreError> {
        let row: Option<ProposalRow> =
            sqlx::query_as("SELECT id, revision, content FROM proposals WHERE id = ?")
                .bind(clamped(id))
                .fetch_optional(self.readers())
                .await?;
        row.map(Proposal::try_from).transpose()
    }

    async fn proposals(&self, before: Option<u64>, limit: u32) -> Result<Vec<Proposal>, StoreError> {
        let rows: Vec<ProposalRow> = sqlx::query_as(
            "SELECT id, revision, content FROM proposals WHERE id < ? ORDER BY id DESC LIMIT ?",
        )
        .bind(clamped(before.unwrap_or(u64::MAX)))
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(Proposal::try_from).collect()
    }

    async fn under_way(&self) -> Result<Vec<Proposal>, StoreError> {
        let [trying, rolling_out] = under_way_states();
        let rows: Vec<ProposalRow> =
            sqlx::query_as("SELECT id, revision, content FROM proposals WHERE state IN (?, ?) ORDER BY id")
                .bind(trying)
                .bind(rolling_out)
                .fetch_all(self.readers())
                .await?;
        Ok(readable(rows))
    }

    async fn passed(&self, sha256: &str) -> Result<Option<Proposal>, StoreError> {
        let row: Option<ProposalRow> = sqlx::query_as(
            "SELECT id, revision, content FROM proposals WHERE sha256 = ? AND passed = TRUE
             ORDER BY id DESC LIMIT 1",
        )
        .bind(sha256)
        .fetch_optional(self.readers())
        .await?;
        row.map(Proposal::try_from).transpose()
    }
}
