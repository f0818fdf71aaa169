//! Rows of `drift_days`.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;

use crate::DriftDay;

#[derive(FromRow)]
pub(crate) struct DriftDayRow {
    environment: String,
    model: String,
    day: NaiveDate,
    compared_rows: u64,
    document: String,
    computed_at: DateTime<Utc>,
}

impl From<DriftDayRow> for DriftDay {
    fn from(row: DriftDayRow) -> Self {
        Self {
            environment: row.environment,
            model: row.model,
            day: row.day,
            rows: row.compared_rows,
            document: row.document,
            computed_at: row.computed_at,
        }
    }
}
