//! The prediction log in SQLite.

use async_trait::async_trait;
use bellwether_core::prediction::LogRecord;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Sqlite;
use super::standing::keep_newer;
use crate::prediction_log::first_uid_at;
use crate::sql::{payloads, record};
use crate::{PredictionLog, Standing, StoreError};

/// Rows in one statement: enough to make statements rare, few enough for one to stay small.
const ROWS_IN_STATEMENT: usize = 100;

#[async_trait]
impl PredictionLog for Sqlite {
    async fn insert(&self, records: &[LogRecord]) -> Result<u64, StoreError> {
        if records.is_empty() {
            return Ok(0);
        }
        let payloads = payloads(records)?;
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        let mut new = 0;
        for (records, payloads) in records.chunks(ROWS_IN_STATEMENT).zip(payloads.chunks(ROWS_IN_STATEMENT)) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO model_logs (uid, logging_timestamp, client_id, treatment, model, prediction, \
                 config_version, input_output_payloads) ",
            );
            insert.push_values(records.iter().zip(payloads), |mut row, (record, payload)| {
                row.push_bind(record.uid().hyphenated())
                    .push_bind(record.logging_timestamp)
                    .push_bind(record.client_id.as_deref())
                    .push_bind(record.output.treatment.as_str())
                    .push_bind(record.output.model.as_deref())
                    .push_bind(record.output.prediction)
                    .push_bind(record.output.config_version.cast_signed())
                    .push_bind(payload);
            });
            // Not `INSERT OR IGNORE`: that would swallow every other constraint too.
            insert.push(" ON CONFLICT (uid) DO NOTHING");
            let statement = insert.build().persistent(records.len() == ROWS_IN_STATEMENT);
            new += statement.execute(&mut *transaction).await?.rows_affected();
        }
        keep_newer(&mut transaction, &Standing::of_all(records)).await?;
        transaction.commit().await?;
        Ok(new)
    }

    async fn find(&self, uid: Uuid) -> Result<Option<LogRecord>, StoreError> {
        let payload: Option<String> =
            sqlx::query_scalar("SELECT input_output_payloads FROM model_logs WHERE uid = ?")
                .bind(uid.hyphenated())
                .fetch_optional(self.readers())
                .await?;
        payload.as_deref().map(record).transpose()
    }

    async fn recent(&self, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> =
            sqlx::query_scalar("SELECT input_output_payloads FROM model_logs ORDER BY uid DESC LIMIT ?")
                .bind(limit)
                .fetch_all(self.readers())
                .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn recent_before(&self, before: Uuid, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> = sqlx::query_scalar(
            "SELECT input_output_payloads FROM model_logs WHERE uid < ? ORDER BY uid DESC LIMIT ?",
        )
        .bind(before.hyphenated())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn of_client(&self, client_id: &str, limit: u32) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> = sqlx::query_scalar(
            "SELECT input_output_payloads FROM model_logs WHERE client_id = ? ORDER BY uid DESC LIMIT ?",
        )
        .bind(client_id)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let count: u64 =
            sqlx::query_scalar("SELECT count(*) FROM model_logs").fetch_one(self.readers()).await?;
        Ok(count)
    }

    async fn oldest(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let at = sqlx::query_scalar("SELECT logging_timestamp FROM model_logs ORDER BY uid LIMIT 1");
        Ok(at.fetch_optional(self.readers()).await?)
    }

    async fn between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<LogRecord>, StoreError> {
        let payloads: Vec<String> = sqlx::query_scalar(
            "SELECT input_output_payloads FROM model_logs WHERE uid >= ? AND uid < ? AND uid > ?
             ORDER BY uid LIMIT ?",
        )
        .bind(first_uid_at(from).hyphenated())
        .bind(first_uid_at(to).hyphenated())
        .bind(after.unwrap_or(Uuid::nil()).hyphenated())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        payloads.iter().map(|payload| record(payload)).collect()
    }

    async fn drop_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        // In steps: other writers wait for none longer than a moment.
        let predictions =
            "DELETE FROM model_logs WHERE uid IN (SELECT uid FROM model_logs WHERE uid < ? LIMIT 2000)";
        let standings = "DELETE FROM client_standing WHERE client_id IN
            (SELECT client_id FROM client_standing WHERE uid < ? LIMIT 2000)";
        let dropped = self.in_steps(predictions, first_uid_at(before)).await?;
        self.in_steps(standings, first_uid_at(before)).await?;
        Ok(dropped)
    }

    async fn erase_predictions(&self, client_id: &str) -> Result<u64, StoreError> {
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        let standing = sqlx::query("DELETE FROM client_standing WHERE client_id = ?").bind(client_id);
        standing.execute(&mut *transaction).await?;
        let predictions = sqlx::query("DELETE FROM model_logs WHERE client_id = ?").bind(client_id);
        let erased = predictions.execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        Ok(erased)
    }
}

impl Sqlite {
    /// Deletes what is older than a uid, until a step finds nothing more; answers how much it was.
    async fn in_steps(&self, step: &'static str, before: Uuid) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let rows =
                sqlx::query(step).bind(before.hyphenated()).execute(self.pool()).await?.rows_affected();
            deleted += rows;
            if rows == 0 {
                return Ok(deleted);
            }
        }
    }
}
