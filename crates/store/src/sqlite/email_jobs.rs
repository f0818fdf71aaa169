//! Email jobs in SQLite. Each change is one statement, and so one transaction.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::Sqlite;
use crate::sql::{EmailJobRow, WaitingRow, counts, list_of, waiting};
use crate::{
    EmailClaim, EmailJob, EmailJobCounts, EmailJobState, EmailJobs, EmailRetry, NewEmailJob, StoreError,
    WaitingEmailJob,
};

/// Rows in one statement.
const ROWS_IN_STATEMENT: usize = 100;

type Row = EmailJobRow<Hyphenated>;
type Waiting = WaitingRow<Hyphenated>;

#[async_trait]
impl EmailJobs for Sqlite {
    async fn insert(
        &self,
        jobs: &[NewEmailJob],
        now: DateTime<Utc>,
    ) -> Result<Vec<WaitingEmailJob>, StoreError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::with_capacity(jobs.len());
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        for jobs in jobs.chunks(ROWS_IN_STATEMENT) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO email_jobs (uid, state, created_at, queued_at, updated_at, next_attempt_at, \
                 client_id, dedupe_key, payload) ",
            );
            insert.push_values(jobs, |mut row, job| {
                row.push_bind(job.uid.hyphenated()).push("'queued'");
                for _ in 0..4 {
                    row.push_bind(now);
                }
                row.push_bind(job.client_id.as_deref())
                    .push_bind(job.dedupe_key.as_deref())
                    .push_bind(&job.payload);
            });
            // Without a target: either key may be there already, and no other constraint is left to be broken.
            insert.push(" ON CONFLICT DO NOTHING");
            let full = jobs.len() == ROWS_IN_STATEMENT;
            insert.build().persistent(full).execute(&mut *transaction).await?;

            let mut select = QueryBuilder::new(
                "SELECT uid, turn, next_attempt_at FROM email_jobs WHERE state IN ('queued', 'retrying') AND uid IN (",
            );
            let mut uids = select.separated(", ");
            for job in jobs {
                uids.push_bind(job.uid.hyphenated());
            }
            uids.push_unseparated(")");
            let rows: Vec<Waiting> =
                select.build_query_as().persistent(full).fetch_all(&mut *transaction).await?;
            found.extend(rows.into_iter().map(waiting));
        }
        transaction.commit().await?;
        Ok(found)
    }

    async fn find(&self, uid: Uuid) -> Result<Option<EmailJob>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM email_jobs WHERE uid = ?")
            .bind(uid.hyphenated())
            .fetch_optional(self.readers())
            .await?;
        row.map(EmailJob::try_from).transpose()
    }

    async fn due(
        &self,
        by: DateTime<Utc>,
        after: Option<&WaitingEmailJob>,
        limit: u32,
    ) -> Result<Vec<WaitingEmailJob>, StoreError> {
        let (behind, uid) =
            after.map_or((DateTime::UNIX_EPOCH, Uuid::nil()), |last| (last.next_attempt_at, last.uid));
        let rows: Vec<Waiting> = sqlx::query_as(
            "SELECT uid, turn, next_attempt_at FROM email_jobs
             WHERE next_attempt_at <= ? AND (next_attempt_at, uid) > (?, ?)
             ORDER BY next_attempt_at, uid LIMIT ?",
        )
        .bind(by)
        .bind(behind)
        .bind(uid.hyphenated())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(waiting).collect())
    }

    async fn claim(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<EmailClaim, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "UPDATE email_jobs
             SET attempts = attempts + (state = 'sending'), state = 'sending', crashes = crashes + 1,
                 next_attempt_at = ?4, updated_at = ?3
             WHERE uid = ?1 AND turn = ?2
               AND (state IN ('queued', 'retrying') OR state = 'sending' AND next_attempt_at <= ?3)
             RETURNING *",
        )
        .bind(uid.hyphenated())
        .bind(turn)
        .bind(now)
        .bind(until)
        .fetch_optional(self.pool())
        .await?;
        if let Some(row) = row {
            return Ok(EmailClaim::Granted(Box::new(row.try_into()?)));
        }
        let held: Option<DateTime<Utc>> = sqlx::query_scalar(
            "SELECT next_attempt_at FROM email_jobs WHERE uid = ? AND turn = ? AND state = 'sending'",
        )
        .bind(uid.hyphenated())
        .bind(turn)
        .fetch_optional(self.pool())
        .await?;
        Ok(held.map_or(EmailClaim::Over, |until| EmailClaim::Held { until }))
    }

    async fn renew(
        &self,
        uid: Uuid,
        turn: u32,
        until: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<bool, StoreError> {
        let renewed = sqlx::query(
            "UPDATE email_jobs SET next_attempt_at = ?3, last_error = coalesce(?4, last_error)
             WHERE uid = ?1 AND turn = ?2 AND state = 'sending'",
        )
        .bind(uid.hyphenated())
        .bind(turn)
        .bind(until)
        .bind(why)
        .execute(self.pool())
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn release(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE email_jobs
             SET state = CASE attempts WHEN 0 THEN 'queued' ELSE 'retrying' END, crashes = max(crashes - 1, 0),
                 last_error = coalesce(?4, last_error), next_attempt_at = ?3, updated_at = ?3
             WHERE uid = ?1 AND turn = ?2 AND state = 'sending'",
        )
        .bind(uid.hyphenated())
        .bind(turn)
        .bind(now)
        .bind(why)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    async fn record_sent(&self, uid: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE email_jobs
             SET state = 'sent', attempts = attempts + 1, crashes = 0, last_error = NULL, delivered = '[]',
                 next_attempt_at = NULL, sent_at = ?2, updated_at = ?2
             WHERE uid = ?1 AND state <> 'sent'",
        )
        .bind(uid.hyphenated())
        .bind(now)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    async fn record_retry(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        retry: &EmailRetry,
    ) -> Result<Option<u32>, StoreError> {
        let next: Option<u32> = sqlx::query_scalar(
            "UPDATE email_jobs
             SET state = 'retrying', turn = turn + 1, attempts = attempts + ?4,
                 crashes = CASE WHEN ?5 THEN crashes ELSE 0 END, last_error = ?6, delivered = ?7,
                 next_attempt_at = ?8, updated_at = ?3
             WHERE uid = ?1 AND turn = ?2 AND state = 'sending'
             RETURNING turn",
        )
        .bind(uid.hyphenated())
        .bind(turn)
        .bind(now)
        .bind(retry.counts)
        .bind(retry.crashed)
        .bind(&retry.error)
        .bind(list_of(&retry.delivered)?)
        .bind(retry.next_attempt_at)
        .fetch_optional(self.pool())
        .await?;
        Ok(next)
    }

    async fn park(
        &self,
        uid: Uuid,
        turn: u32,
        now: DateTime<Utc>,
        reason: &str,
        delivered: &[String],
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE email_jobs
             SET state = 'parked', attempts = attempts + 1, crashes = 0, last_error = ?4, delivered = ?5,
                 next_attempt_at = NULL, updated_at = ?3
             WHERE uid = ?1 AND turn = ?2 AND state = 'sending'",
        )
        .bind(uid.hyphenated())
        .bind(turn)
        .bind(now)
        .bind(reason)
        .bind(list_of(delivered)?)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    async fn requeue(&self, uid: Uuid, now: DateTime<Utc>) -> Result<Option<WaitingEmailJob>, StoreError> {
        let row: Option<Waiting> = sqlx::query_as(
            "UPDATE email_jobs
             SET state = 'queued', turn = turn + 1, attempts = 0, crashes = 0, next_attempt_at = ?2,
                 queued_at = ?2, updated_at = ?2
             WHERE uid = ?1 AND state = 'parked'
             RETURNING uid, turn, next_attempt_at",
        )
        .bind(uid.hyphenated())
        .bind(now)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.map(waiting))
    }

    async fn list(&self, state: EmailJobState, limit: u32) -> Result<Vec<EmailJob>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM email_jobs WHERE state = ? ORDER BY updated_at DESC, uid DESC LIMIT ?",
        )
        .bind(state.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(EmailJob::try_from).collect()
    }

    async fn counts(&self) -> Result<EmailJobCounts, StoreError> {
        let by_state: Vec<(String, i64)> =
            sqlx::query_as("SELECT state, count(*) FROM email_jobs GROUP BY state")
                .fetch_all(self.readers())
                .await?;
        let oldest_queued_at: Option<DateTime<Utc>> =
            sqlx::query_scalar("SELECT min(queued_at) FROM email_jobs WHERE next_attempt_at IS NOT NULL")
                .fetch_one(self.readers())
                .await?;
        Ok(counts(&by_state, oldest_queued_at))
    }

    async fn purge_sent(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        // A sent job never changes again: it was last changed when it was sent.
        let purged = sqlx::query(
            "DELETE FROM email_jobs WHERE uid IN
               (SELECT uid FROM email_jobs WHERE state = 'sent' AND updated_at < ? LIMIT ?)",
        )
        .bind(before)
        .bind(limit)
        .execute(self.pool())
        .await?;
        Ok(purged.rows_affected())
    }

    async fn purge(&self, uid: Uuid) -> Result<bool, StoreError> {
        let purged = sqlx::query("DELETE FROM email_jobs WHERE uid = ? AND state <> 'sending'")
            .bind(uid.hyphenated())
            .execute(self.pool())
            .await?;
        Ok(purged.rows_affected() > 0)
    }

    async fn erase_client(&self, client_id: &str) -> Result<u64, StoreError> {
        let erased = sqlx::query("DELETE FROM email_jobs WHERE client_id = ?")
            .bind(client_id)
            .execute(self.pool())
            .await?;
        Ok(erased.rows_affected())
    }
}
