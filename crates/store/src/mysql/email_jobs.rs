//! Email jobs in MySQL. Where a change has to be read back, the row is ours until the commit.
//!
//! An update's assignments see those before them: what depends on an old value stands before its change.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Mysql;
use super::lease::Lease;
use crate::sql::{EmailJobRow, WaitingRow, counts, list_of, waiting};
use crate::{
    EmailClaim, EmailJob, EmailJobCounts, EmailJobState, EmailJobs, EmailRetry, NewEmailJob, StoreError,
    WaitingEmailJob,
};

/// Rows in one statement.
const ROWS_IN_STATEMENT: usize = 100;

type Row = EmailJobRow<Uuid>;
type Waiting = WaitingRow<Uuid>;

#[async_trait]
impl EmailJobs for Mysql {
    async fn insert(
        &self,
        jobs: &[NewEmailJob],
        now: DateTime<Utc>,
    ) -> Result<Vec<WaitingEmailJob>, StoreError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        self.retried(|| async move {
            let mut found = Vec::with_capacity(jobs.len());
            let mut transaction = self.begin().await?;
            for jobs in jobs.chunks(ROWS_IN_STATEMENT) {
                insert_new(&mut transaction, jobs, now).await?;
                found.extend(those_waiting(&mut transaction, jobs).await?.into_iter().map(waiting));
            }
            transaction.commit().await?;
            Ok(found)
        })
        .await
    }

    async fn find(&self, uid: Uuid) -> Result<Option<EmailJob>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT * FROM email_jobs WHERE uid = ?").bind(uid).fetch_optional(self).await?;
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
        // Not `(next_attempt_at, uid) > (?, ?)`, for which no index is used.
        let rows: Vec<Waiting> = sqlx::query_as(
            "SELECT uid, turn, next_attempt_at FROM email_jobs
             WHERE next_attempt_at >= ? AND next_attempt_at <= ? AND (next_attempt_at > ? OR uid > ?)
             ORDER BY next_attempt_at, uid LIMIT ?",
        )
        .bind(behind)
        .bind(by)
        .bind(behind)
        .bind(uid)
        .bind(limit)
        .fetch_all(self)
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
        let (granted, row) = self
            .retried(|| async move {
                let mut transaction = self.begin().await?;
                let claimed = sqlx::query(
                    "UPDATE email_jobs
                     SET attempts = attempts + (state = 'sending'), state = 'sending', crashes = crashes + 1,
                         next_attempt_at = ?, updated_at = ?
                     WHERE uid = ? AND turn = ?
                       AND (state IN ('queued', 'retrying') OR state = 'sending' AND next_attempt_at <= ?)",
                )
                .bind(until)
                .bind(now)
                .bind(uid)
                .bind(turn)
                .bind(now)
                .execute(&mut transaction)
                .await?;
                let row: Option<Row> = sqlx::query_as(
                    "SELECT * FROM email_jobs WHERE uid = ? AND turn = ? AND state = 'sending'",
                )
                .bind(uid)
                .bind(turn)
                .fetch_optional(&mut transaction)
                .await?;
                transaction.commit().await?;
                Ok((claimed.rows_affected() == 1, row))
            })
            .await?;
        let job = row.map(EmailJob::try_from).transpose()?;
        Ok(match job {
            Some(job) if granted => EmailClaim::Granted(Box::new(job)),
            Some(EmailJob { next_attempt_at: Some(until), .. }) => EmailClaim::Held { until },
            _ => EmailClaim::Over,
        })
    }

    async fn renew(
        &self,
        uid: Uuid,
        turn: u32,
        until: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<bool, StoreError> {
        let renewed = sqlx::query(
            "UPDATE email_jobs SET next_attempt_at = ?, last_error = coalesce(?, last_error)
             WHERE uid = ? AND turn = ? AND state = 'sending'",
        )
        .bind(until)
        .bind(why)
        .bind(uid)
        .bind(turn)
        .execute(self)
        .await?;
        // Rows found, not rows changed: the driver asks the server for that.
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
             SET state = IF(attempts = 0, 'queued', 'retrying'), crashes = IF(crashes = 0, 0, crashes - 1),
                 last_error = coalesce(?, last_error), next_attempt_at = ?, updated_at = ?
             WHERE uid = ? AND turn = ? AND state = 'sending'",
        )
        .bind(why)
        .bind(now)
        .bind(now)
        .bind(uid)
        .bind(turn)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn record_sent(&self, uid: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE email_jobs
             SET state = 'sent', attempts = attempts + 1, crashes = 0, last_error = NULL, delivered = '[]',
                 next_attempt_at = NULL, sent_at = ?, updated_at = ?
             WHERE uid = ? AND state <> 'sent'",
        )
        .bind(now)
        .bind(now)
        .bind(uid)
        .execute(self)
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
        let scheduled = sqlx::query(
            "UPDATE email_jobs
             SET state = 'retrying', turn = turn + 1, attempts = attempts + ?, crashes = IF(?, crashes, 0),
                 last_error = ?, delivered = ?, next_attempt_at = ?, updated_at = ?
             WHERE uid = ? AND turn = ? AND state = 'sending'",
        )
        .bind(retry.counts)
        .bind(retry.crashed)
        .bind(&retry.error)
        .bind(list_of(&retry.delivered)?)
        .bind(retry.next_attempt_at)
        .bind(now)
        .bind(uid)
        .bind(turn)
        .execute(self)
        .await?;
        Ok((scheduled.rows_affected() == 1).then_some(turn + 1))
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
             SET state = 'parked', attempts = attempts + 1, crashes = 0, last_error = ?, delivered = ?,
                 next_attempt_at = NULL, updated_at = ?
             WHERE uid = ? AND turn = ? AND state = 'sending'",
        )
        .bind(reason)
        .bind(list_of(delivered)?)
        .bind(now)
        .bind(uid)
        .bind(turn)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn requeue(&self, uid: Uuid, now: DateTime<Utc>) -> Result<Option<WaitingEmailJob>, StoreError> {
        let row = self
            .retried(|| async move {
                let mut transaction = self.begin().await?;
                let requeued = sqlx::query(
                    "UPDATE email_jobs
                     SET state = 'queued', turn = turn + 1, attempts = 0, crashes = 0, next_attempt_at = ?,
                         queued_at = ?, updated_at = ?
                     WHERE uid = ? AND state = 'parked'",
                )
                .bind(now)
                .bind(now)
                .bind(now)
                .bind(uid)
                .execute(&mut transaction)
                .await?;
                let row: Option<Waiting> =
                    sqlx::query_as("SELECT uid, turn, next_attempt_at FROM email_jobs WHERE uid = ? AND ?")
                        .bind(uid)
                        .bind(requeued.rows_affected() == 1)
                        .fetch_optional(&mut transaction)
                        .await?;
                transaction.commit().await?;
                Ok(row)
            })
            .await?;
        Ok(row.map(waiting))
    }

    async fn list(&self, state: EmailJobState, limit: u32) -> Result<Vec<EmailJob>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM email_jobs WHERE state = ? ORDER BY updated_at DESC, uid DESC LIMIT ?",
        )
        .bind(state.as_str())
        .bind(limit)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(EmailJob::try_from).collect()
    }

    async fn counts(&self) -> Result<EmailJobCounts, StoreError> {
        let by_state: Vec<(String, i64)> =
            sqlx::query_as("SELECT state, count(*) FROM email_jobs GROUP BY state").fetch_all(self).await?;
        // One look into the index a state, where one query over all of them would read every row that waits.
        let oldest_queued_at: Option<DateTime<Utc>> = sqlx::query_scalar(
            "SELECT min(at) FROM (
               SELECT min(queued_at) AS at FROM email_jobs WHERE state = 'queued'
               UNION ALL SELECT min(queued_at) FROM email_jobs WHERE state = 'sending'
               UNION ALL SELECT min(queued_at) FROM email_jobs WHERE state = 'retrying') AS oldest",
        )
        .fetch_one(self)
        .await?;
        Ok(counts(&by_state, oldest_queued_at))
    }

    async fn purge_sent(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        // A sent job never changes again: it was last changed when it was sent.
        let purged = sqlx::query("DELETE FROM email_jobs WHERE state = 'sent' AND updated_at < ? LIMIT ?");
        Ok(purged.bind(before).bind(limit).execute(self).await?.rows_affected())
    }

    async fn purge(&self, uid: Uuid) -> Result<bool, StoreError> {
        let purged = sqlx::query("DELETE FROM email_jobs WHERE uid = ? AND state <> 'sending'").bind(uid);
        Ok(purged.execute(self).await?.rows_affected() > 0)
    }

    async fn erase_client(&self, client_id: &str) -> Result<u64, StoreError> {
        let erased = sqlx::query("DELETE FROM email_jobs WHERE client_id = ?").bind(client_id);
        Ok(erased.execute(self).await?.rows_affected())
    }
}

async fn insert_new(
    transaction: &mut Lease,
    jobs: &[NewEmailJob],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut insert = QueryBuilder::new(
        "INSERT INTO email_jobs (uid, state, created_at, queued_at, updated_at, next_attempt_at, \
         client_id, dedupe_key, delivered, payload) ",
    );
    insert.push_values(jobs, |mut row, job| {
        row.push_bind(job.uid).push("'queued'");
        for _ in 0..4 {
            row.push_bind(now);
        }
        row.push_bind(job.client_id.as_deref())
            .push_bind(job.dedupe_key.as_deref())
            .push("'[]'")
            .push_bind(&job.payload);
    });
    // Either key may be there already: the row that has it stays as it is.
    insert.push(" ON DUPLICATE KEY UPDATE uid = uid");
    let full = jobs.len() == ROWS_IN_STATEMENT;
    insert.build().persistent(full).execute(transaction).await?;
    Ok(())
}

async fn those_waiting(transaction: &mut Lease, jobs: &[NewEmailJob]) -> Result<Vec<Waiting>, sqlx::Error> {
    let mut select = QueryBuilder::new(
        "SELECT uid, turn, next_attempt_at FROM email_jobs WHERE state IN ('queued', 'retrying') AND uid IN (",
    );
    let mut uids = select.separated(", ");
    for job in jobs {
        uids.push_bind(job.uid);
    }
    uids.push_unseparated(")");
    let full = jobs.len() == ROWS_IN_STATEMENT;
    select.build_query_as().persistent(full).fetch_all(transaction).await
}
