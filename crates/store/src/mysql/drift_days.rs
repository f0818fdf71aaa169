//! Drift by day, in MySQL.

use async_trait::async_trait;
use chrono::NaiveDate;

use super::Mysql;
use crate::sql::DriftDayRow;
use crate::{DriftDay, DriftDays, StoreError};

#[async_trait]
impl DriftDays for Mysql {
    async fn keep_drift_day(&self, day: &DriftDay) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO drift_days (environment, model, day, compared_rows, document, computed_at)
             VALUES (?, ?, ?, ?, ?, ?)
             ON DUPLICATE KEY UPDATE
               compared_rows = IF(VALUES(computed_at) >= computed_at, VALUES(compared_rows), compared_rows),
               document = IF(VALUES(computed_at) >= computed_at, VALUES(document), document),
               computed_at = GREATEST(computed_at, VALUES(computed_at))",
        )
        .bind(&day.environment)
        .bind(&day.model)
        .bind(day.day)
        .bind(day.rows)
        .bind(&day.document)
        .bind(day.computed_at)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn drift_days(
        &self,
        environment: &str,
        model: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<DriftDay>, StoreError> {
        let rows: Vec<DriftDayRow> = sqlx::query_as(
            "SELECT * FROM drift_days WHERE environment = ? AND model = ? AND day BETWEEN ? AND ? ORDER BY day",
        )
        .bind(environment)
        .bind(model)
        .bind(from)
        .bind(to)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(DriftDay::from).collect())
    }
}
