//! Outcomes in SQLite.

use async_trait::async_trait;
use bellwether_core::outcome::Outcome;
use sqlx::QueryBuilder;

use super::Sqlite;
use crate::outcomes::merge;
use crate::sql::{OutcomeRow, outcomes, outcomes_by_key};
use crate::{OutcomeEffect, Outcomes, StoreError};

/// Rows in one statement.
const ROWS_IN_STATEMENT: usize = 100;

#[async_trait]
impl Outcomes for Sqlite {
    async fn record_outcomes(&self, said: &[Outcome]) -> Result<Vec<OutcomeEffect>, StoreError> {
        let mut effects = Vec::with_capacity(said.len());
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        for said in said.chunks(ROWS_IN_STATEMENT) {
            let full = said.len() == ROWS_IN_STATEMENT;
            let mut select = QueryBuilder::new("SELECT * FROM outcomes WHERE (client_id, id) IN (");
            select.push_values(said, |mut row, outcome| {
                row.push_bind(&outcome.client_id).push_bind(&outcome.id);
            });
            select.push(")");
            let there: Vec<OutcomeRow> =
                select.build_query_as().persistent(full).fetch_all(&mut *transaction).await?;
            let merged = merge(&outcomes_by_key(there), said);
            effects.extend(merged.effects);
            let writes = [merged.new, merged.changed].concat();
            if writes.is_empty() {
                continue;
            }
            let mut write = QueryBuilder::new(
                "INSERT OR REPLACE INTO outcomes (client_id, id, churned, occurred_at, corrected_at) ",
            );
            write.push_values(&writes, |mut row, outcome| {
                row.push_bind(&outcome.client_id)
                    .push_bind(&outcome.id)
                    .push_bind(outcome.churned)
                    .push_bind(outcome.occurred_at)
                    .push_bind(outcome.corrected_at);
            });
            let full = writes.len() == ROWS_IN_STATEMENT;
            write.build().persistent(full).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(effects)
    }

    async fn outcomes_of(&self, client_id: &str) -> Result<Vec<Outcome>, StoreError> {
        let rows = sqlx::query_as("SELECT * FROM outcomes WHERE client_id = ? ORDER BY occurred_at, id");
        Ok(outcomes(rows.bind(client_id).fetch_all(self.readers()).await?))
    }

    async fn outcomes_after(
        &self,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<Outcome>, StoreError> {
        // Nothing has an empty name.
        let (client_id, id) = after.unwrap_or_default();
        let rows = sqlx::query_as(
            "SELECT * FROM outcomes WHERE (client_id, id) > (?, ?) ORDER BY client_id, id LIMIT ?",
        );
        Ok(outcomes(rows.bind(client_id).bind(id).bind(limit).fetch_all(self.readers()).await?))
    }

    async fn erase_outcomes(&self, client_id: &str) -> Result<u64, StoreError> {
        let erased = sqlx::query("DELETE FROM outcomes WHERE client_id = ?").bind(client_id);
        Ok(erased.execute(self.pool()).await?.rows_affected())
    }
}
