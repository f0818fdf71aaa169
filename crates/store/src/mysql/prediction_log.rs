//! The prediction log in MySQL.

use std::collections::HashSet;

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use sqlx::mysql::MySqlQueryResult;
use uuid::Uuid;

use super::errors::is_duplicate;
use super::lease::Lease;
use super::standing::keep_newer;
use super::{Mysql, partitions};
use crate::prediction_log::first_uid_at;
use crate::sql::{payloads, record};
use crate::{PredictionLog, Standing, StoreError};

/// Rows in one statement: enough to make statements rare, few enough for one to stay small.
const ROWS_IN_STATEMENT: usize = 100;

/// Payloads in one statement, in bytes: well below the least that servers take in a packet, 16 MiB.
const BYTES_IN_STATEMENT: usize = 4 << 20;

/// Rows that one statement deletes: other writers wait for none longer than a moment.
const ROWS_IN_DELETE: u32 = 2_000;

/// How often a batch is tried of which others insert parts meanwhile.
const ATTEMPTS: usize = 10;

/// A record to be, and its payload.
type Row<'r> = (&'r LogRecord, &'r str);

#[async_trait]
impl PredictionLog for Mysql {
    async fn insert(&self, records: &[LogRecord]) -> Result<u64, StoreError> {
        if records.is_empty() {
            return Ok(0);
        }
        let payloads = payloads(records)?;
        let mut seen = HashSet::with_capacity(records.len());
        let rows = records.iter().zip(payloads.iter().map(String::as_str));
        let rows: Vec<Row> = rows.filter(|(record, _)| seen.insert(record.uid())).collect();
        let rows = rows.as_slice();
        let standings = &Standing::of_all(records);
        self.retried(|| async move {
            let mut transaction = self.begin().await?;
            let mut new = 0;
            for rows in statements(rows) {
                new += insert_missing(&mut transaction, rows).await?;
            }
            keep_newer(&mut transaction, standings).await?;
            transaction.commit().await?;
            Ok(new)
        })
        .await
    }

    async fn find(&self, uid: Uuid) -> Result<Option<LogRecord>, StoreError> {
        let payload: Option<String> =
            sqlx::query_scalar("SELECT CAST(input_output_payloads AS CHAR) FROM model_logs WHERE uid = ?")
                .bind(uid)
                .fetch_optional(self)
                .await?;
        payload.as_deref().map(record).transpose()
    }

    async fn recent(&self, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> = sqlx::query_scalar(
            "SELECT CAST(input_output_payloads AS CHAR) FROM model_logs ORDER BY uid DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(self)
        .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn recent_before(&self, before: Uuid, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> = sqlx::query_scalar(
            "SELECT CAST(input_output_payloads AS CHAR) FROM model_logs WHERE uid < ?
             ORDER BY uid DESC LIMIT ?",
        )
        .bind(before)
        .bind(limit)
        .fetch_all(self)
        .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn of_client(&self, client_id: &str, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> = sqlx::query_scalar(
            "SELECT CAST(input_output_payloads AS CHAR) FROM model_logs WHERE client_id = ?
             ORDER BY uid DESC LIMIT ?",
        )
        .bind(client_id)
        .bind(limit)
        .fetch_all(self)
        .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM model_logs").fetch_one(self).await?;
        Ok(count.cast_unsigned())
    }

    async fn oldest(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let at = sqlx::query_scalar("SELECT logging_timestamp FROM model_logs ORDER BY uid LIMIT 1");
        Ok(at.fetch_optional(self).await?)
    }

    async fn between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> = sqlx::query_scalar(
            "SELECT CAST(input_output_payloads AS CHAR) FROM model_logs WHERE uid >= ? AND uid < ? AND uid > ?
             ORDER BY uid LIMIT ?",
        )
        .bind(first_uid_at(from))
        .bind(first_uid_at(to))
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(limit)
        .fetch_all(self)
        .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn drop_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let dropped = partitions::drop_days(self, before.date_naive()).await?;
        // What is older than that in partitions that stay.
        let rest = "DELETE FROM model_logs WHERE uid < ? LIMIT ?";
        let step = || sqlx::query(rest).bind(first_uid_at(before)).bind(ROWS_IN_DELETE).execute(self);
        let dropped = dropped + in_steps(step).await?;
        let standings = "DELETE FROM client_standing WHERE uid < ? LIMIT ?";
        in_steps(|| sqlx::query(standings).bind(first_uid_at(before)).bind(ROWS_IN_DELETE).execute(self))
            .await?;
        Ok(dropped)
    }

    async fn erase_predictions(&self, client_id: &str) -> Result<u64, StoreError> {
        let erase = "DELETE FROM model_logs WHERE client_id = ? LIMIT ?";
        let erased =
            in_steps(|| sqlx::query(erase).bind(client_id).bind(ROWS_IN_DELETE).execute(self)).await?;
        // Last: what is relayed amid the steps makes a standing anew.
        sqlx::query("DELETE FROM client_standing WHERE client_id = ?").bind(client_id).execute(self).await?;
        Ok(erased)
    }
}

/// Deletes until nothing is left to delete; answers how much it was.
async fn in_steps<F>(step: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<MySqlQueryResult, sqlx::Error>>,
{
    let mut deleted = 0;
    loop {
        let rows = step().await?.rows_affected();
        deleted += rows;
        if rows < u64::from(ROWS_IN_DELETE) {
            return Ok(deleted);
        }
    }
}

/// Cuts rows into statements that stay small by number and by size; a row that is large by itself stands alone.
fn statements<'s, 'r>(rows: &'s [Row<'r>]) -> impl Iterator<Item = &'s [Row<'r>]> {
    let mut bytes = 0;
    let mut number = 0;
    rows.chunk_by(move |(_, payload), (_, next)| {
        number += 1;
        bytes += payload.len();
        let fits = number < ROWS_IN_STATEMENT && bytes + next.len() <= BYTES_IN_STATEMENT;
        if !fits {
            (number, bytes) = (0, 0);
        }
        fits
    })
}

/// Inserts those rows whose uid is not there; answers how many they were.
///
/// Plainly, and only where a uid is there already less those that are. `INSERT IGNORE` would swallow every
/// other error too, and what `ON DUPLICATE KEY UPDATE` tells does not part new rows from old ones.
async fn insert_missing(transaction: &mut Lease, rows: &[Row<'_>]) -> Result<u64, sqlx::Error> {
    let mut missing = rows.to_vec();
    let mut attempt = 1;
    while !missing.is_empty() {
        match insert_all(transaction, &missing).await {
            Err(error) if is_duplicate(&error) && attempt < ATTEMPTS => {
                let there = those_there(transaction, &missing).await?;
                missing.retain(|(record, _)| !there.contains(&record.uid()));
                attempt += 1;
            }
            inserted => return inserted,
        }
    }
    Ok(0)
}

async fn insert_all(transaction: &mut Lease, rows: &[Row<'_>]) -> Result<u64, sqlx::Error> {
    let mut insert = QueryBuilder::new(
        "INSERT INTO model_logs (uid, logging_timestamp, client_id, treatment, model, prediction, \
         config_version, input_output_payloads) ",
    );
    insert.push_values(rows, |mut row, (record, payload)| {
        row.push_bind(record.uid())
            .push_bind(record.logging_timestamp)
            .push_bind(record.client_id.as_deref())
            .push_bind(record.output.treatment.as_str())
            .push_bind(record.output.model.as_deref())
            .push_bind(record.output.prediction)
            .push_bind(record.output.config_version)
            .push_bind(*payload);
    });
    let statement = insert.build().persistent(rows.len() == ROWS_IN_STATEMENT);
    Ok(statement.execute(transaction).await?.rows_affected())
}

/// The uids that are there, those included that another transaction is about to commit: it is waited for.
async fn those_there(transaction: &mut Lease, rows: &[Row<'_>]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let mut select = QueryBuilder::new("SELECT uid FROM model_logs WHERE uid IN (");
    let mut uids = select.separated(", ");
    for (record, _) in rows {
        uids.push_bind(record.uid());
    }
    uids.push_unseparated(") LOCK IN SHARE MODE");
    let there: Vec<Uuid> = select.build_query_scalar().persistent(false).fetch_all(transaction).await?;
    Ok(there.into_iter().collect())
}
