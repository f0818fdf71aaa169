//! Drift by day, in SQLite.

use async_trait::async_trait;
use chrono::NaiveDate;

use super::Sqlite;
use crate::sql::DriftDayRow;
use crate::{DriftDay, DriftDays, StoreError};

#[async_trait]
impl DriftDays for Sqlite {
    async fn keep_drift_day(&self, day: &DriftDay) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO drift_days (environment, model, day, compared_rows, document, computed_at)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (environment, model, day) DO UPDATE
             SET compared_rows = excluded.compared_rows, document = excluded.document,
                 computed_at = excluded.computed_at
             WHERE excluded.computed_at >= drift_days.computed_at",
        )
        .bind(&day.environment)
        .bind(&day.model)
        .bind(day.day)
        .bind(day.rows.cast_signed())
        .bind(&day.document)
        .bind(day.computed_at)
        .execute(self.pool())
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
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(DriftDay::from).collect())
    }
}
