//! Outcomes in MySQL.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bellwether_core::outcome::Outcome;
use sqlx::QueryBuilder;

use super::errors::is_duplicate;
use super::lease::Lease;
use super::{Mysql, pause};
use crate::outcomes::{OutcomeKey, merge};
use crate::sql::{OutcomeRow, outcomes, outcomes_by_key};
use crate::{OutcomeEffect, Outcomes, StoreError};

/// Rows in one statement.
const ROWS_IN_STATEMENT: usize = 100;

/// How often a batch is tried of which others insert parts meanwhile.
const ATTEMPTS: usize = 10;

#[async_trait]
impl Outcomes for Mysql {
    async fn record_outcomes(&self, said: &[Outcome]) -> Result<Vec<OutcomeEffect>, StoreError> {
        if said.is_empty() {
            return Ok(Vec::new());
        }
        for _ in 1..ATTEMPTS {
            if let Some(effects) = self.retried(|| attempt(self, said, true)).await? {
                return Ok(effects);
            }
            pause().await;
        }
        Ok(self.retried(|| attempt(self, said, false)).await?.unwrap_or_default())
    }

    async fn outcomes_of(&self, client_id: &str) -> Result<Vec<Outcome>, StoreError> {
        let rows = sqlx::query_as("SELECT * FROM outcomes WHERE client_id = ? ORDER BY occurred_at, id");
        Ok(outcomes(rows.bind(client_id).fetch_all(self).await?))
    }

    async fn outcomes_after(
        &self,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<Outcome>, StoreError> {
        // Nothing has an empty name. Spelt out: a comparison of pairs would read the whole table.
        let (client_id, id) = after.unwrap_or_default();
        let rows = sqlx::query_as(
            "SELECT * FROM outcomes WHERE client_id >= ? AND (client_id > ? OR id > ?)
             ORDER BY client_id, id LIMIT ?",
        );
        let rows = rows.bind(client_id).bind(client_id).bind(id).bind(limit);
        Ok(outcomes(rows.fetch_all(self).await?))
    }

    async fn erase_outcomes(&self, client_id: &str) -> Result<u64, StoreError> {
        let erased = sqlx::query("DELETE FROM outcomes WHERE client_id = ?").bind(client_id);
        Ok(erased.execute(self).await?.rows_affected())
    }
}

/// Records everything in one transaction. `None` where another recorded a first statement meanwhile that this one had
/// not seen, and `again` says that the caller then looks anew.
async fn attempt(
    mysql: &Mysql,
    said: &[Outcome],
    again: bool,
) -> Result<Option<Vec<OutcomeEffect>>, sqlx::Error> {
    let mut transaction = mysql.begin().await?;
    // What is there stays locked until the end, so nobody changes it meanwhile.
    let merged = merge(&those_there(&mut transaction, said).await?, said);
    for (outcomes, replace) in [(&merged.changed, true), (&merged.new, false)] {
        for outcomes in outcomes.chunks(ROWS_IN_STATEMENT) {
            match write(&mut transaction, outcomes, replace).await {
                Err(error) if again && is_duplicate(&error) => return Ok(None),
                written => written?,
            }
        }
    }
    transaction.commit().await?;
    Ok(Some(merged.effects))
}

/// What is recorded under the statements' keys, locked.
async fn those_there(
    transaction: &mut Lease,
    said: &[Outcome],
) -> Result<BTreeMap<OutcomeKey, Outcome>, sqlx::Error> {
    // In order, so that those who record the same wait for one another instead of colliding.
    let mut keys: Vec<_> = said.iter().map(|outcome| (&outcome.client_id, &outcome.id)).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut there = BTreeMap::new();
    for keys in keys.chunks(ROWS_IN_STATEMENT) {
        let mut select = QueryBuilder::new("SELECT * FROM outcomes WHERE (client_id, id) IN ");
        select.push_tuples(keys, |mut key, (client_id, id)| {
            key.push_bind(*client_id).push_bind(*id);
        });
        select.push(" FOR UPDATE");
        let full = keys.len() == ROWS_IN_STATEMENT;
        let rows: Vec<OutcomeRow> =
            select.build_query_as().persistent(full).fetch_all(&mut *transaction).await?;
        there.extend(outcomes_by_key(rows));
    }
    Ok(there)
}

async fn write(transaction: &mut Lease, outcomes: &[Outcome], replace: bool) -> Result<(), sqlx::Error> {
    let mut write =
        QueryBuilder::new("INSERT INTO outcomes (client_id, id, churned, occurred_at, corrected_at) ");
    write.push_values(outcomes, |mut row, outcome| {
        row.push_bind(&outcome.client_id)
            .push_bind(&outcome.id)
            .push_bind(outcome.churned)
            .push_bind(outcome.occurred_at)
            .push_bind(outcome.corrected_at);
    });
    if replace {
        write.push(
            " ON DUPLICATE KEY UPDATE churned = VALUES(churned), occurred_at = VALUES(occurred_at), \
             corrected_at = VALUES(corrected_at)",
        );
    }
    let full = outcomes.len() == ROWS_IN_STATEMENT;
    write.build().persistent(full).execute(&mut *transaction).await?;
    Ok(())
}
