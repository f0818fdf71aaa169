//! The log's partitions: one a day by uid, so that old days are dropped without touching their rows.
//!
//! A day's partition `pYYYYMMDD` ends where the next day's first uid would be; the first one takes everything
//! before it, `future` everything after the last. So a record that comes days late still fits.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use sqlx::AssertSqlSafe;

use super::Mysql;
use super::lease::Lease;
use super::lock::Lock;
use crate::StoreError;
use crate::prediction_log::first_uid_at;

/// How many days beyond today have a partition.
const DAYS_AHEAD: u64 = 7;

/// How far back partitions are made where none were for long.
const DAYS_BACK: u64 = 31;

/// How long a process waits for another that changes partitions.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the partitions from the last there is to a week from `today`.
pub(super) async fn prepare_days(mysql: &Mysql, today: NaiveDate) -> Result<(), StoreError> {
    if missing(&days(&mut mysql.lease().await?).await?, today).is_empty() {
        return Ok(());
    }
    let mut lock = mysql.lock("partitions", PATIENCE).await?;
    // Another may have made them meanwhile.
    let missing = missing(&days(&mut lock.lease).await?, today);
    if !missing.is_empty() {
        let mut partitions: Vec<String> = missing.iter().map(|day| definition(*day)).collect();
        partitions.push("PARTITION future VALUES LESS THAN (MAXVALUE)".to_owned());
        let change = format!("REORGANIZE PARTITION future INTO ({})", partitions.join(", "));
        alter(&mut lock, &change).await?;
    }
    lock.free().await
}

/// Drops the days before `before`; answers how many rows they held. Rows that lie in a partition that stays
/// are left.
pub(super) async fn drop_days(mysql: &Mysql, before: NaiveDate) -> Result<u64, StoreError> {
    let mut lock = mysql.lock("partitions", PATIENCE).await?;
    let mut old = days(&mut lock.lease).await?;
    old.retain(|day| *day < before);
    let Some(last) = old.last() else {
        lock.free().await?;
        return Ok(0);
    };
    let count =
        sqlx::query_scalar("SELECT count(*) FROM model_logs WHERE uid < ?").bind(first_uid_at(end(*last)));
    let dropped: i64 = count.fetch_one(&mut lock.lease).await?;
    let names: Vec<String> = old.iter().map(|day| name(*day)).collect();
    alter(&mut lock, &format!("DROP PARTITION {}", names.join(", "))).await?;
    lock.free().await?;
    Ok(dropped.cast_unsigned())
}

async fn alter(lock: &mut Lock, change: &str) -> Result<(), StoreError> {
    let alter = sqlx::raw_sql(AssertSqlSafe(format!("ALTER TABLE model_logs {change}")));
    alter.execute(&mut lock.lease).await?;
    Ok(())
}

/// The days that have a partition, in order.
async fn days(lease: &mut Lease) -> Result<Vec<NaiveDate>, StoreError> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT partition_name FROM information_schema.partitions
         WHERE table_schema = database() AND table_name = 'model_logs' AND partition_name LIKE 'p%'
         ORDER BY partition_ordinal_position",
    )
    .fetch_all(lease)
    .await?;
    Ok(names.iter().filter_map(|name| NaiveDate::parse_from_str(name, "p%Y%m%d").ok()).collect())
}

/// The days up to a week from `today` that lack a partition. Partitions are only ever added at the end.
fn missing(days: &[NaiveDate], today: NaiveDate) -> Vec<NaiveDate> {
    let first = days.last().map_or(today, |last| (*last + Days::new(1)).max(today - Days::new(DAYS_BACK)));
    first.iter_days().take_while(|day| *day <= today + Days::new(DAYS_AHEAD)).collect()
}

fn name(day: NaiveDate) -> String {
    day.format("p%Y%m%d").to_string()
}

/// Where a day ends, which is where the next begins.
fn end(day: NaiveDate) -> DateTime<Utc> {
    (day + Days::new(1)).and_time(NaiveTime::MIN).and_utc()
}

fn definition(day: NaiveDate) -> String {
    format!("PARTITION {} VALUES LESS THAN (0x{})", name(day), first_uid_at(end(day)).simple())
}

#[cfg(test)]
#[path = "partitions_tests.rs"]
mod tests;
