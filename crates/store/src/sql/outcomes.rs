//! Rows of `outcomes`.

use std::collections::BTreeMap;

use bellwether_core::outcome::Outcome;
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::outcomes::{OutcomeKey, key};

#[derive(FromRow)]
pub(crate) struct OutcomeRow {
    client_id: String,
    id: String,
    churned: Option<bool>,
    occurred_at: DateTime<Utc>,
    corrected_at: DateTime<Utc>,
}

impl From<OutcomeRow> for Outcome {
    fn from(row: OutcomeRow) -> Self {
        Self {
            client_id: row.client_id,
            id: row.id,
            churned: row.churned,
            occurred_at: row.occurred_at,
            corrected_at: row.corrected_at,
        }
    }
}

/// Rows as statements.
pub(crate) fn outcomes(rows: Vec<OutcomeRow>) -> Vec<Outcome> {
    rows.into_iter().map(Outcome::from).collect()
}

/// Rows by what names them.
pub(crate) fn outcomes_by_key(rows: Vec<OutcomeRow>) -> BTreeMap<OutcomeKey, Outcome> {
    rows.into_iter()
        .map(|row| {
            let outcome = Outcome::from(row);
            (key(&outcome), outcome)
        })
        .collect()
}
