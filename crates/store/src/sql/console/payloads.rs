//! Rows of `golden_payloads`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::StoreError;
use crate::console::GoldenPayload;

#[derive(FromRow)]
pub(crate) struct GoldenPayloadRow {
    name: String,
    payload: String,
    expected_high_risk: Option<bool>,
    author: String,
    updated_at: DateTime<Utc>,
}

impl TryFrom<GoldenPayloadRow> for GoldenPayload {
    type Error = StoreError;

    fn try_from(row: GoldenPayloadRow) -> Result<Self, StoreError> {
        let payload = serde_json::from_str(&row.payload)
            .map_err(|_| StoreError::corrupt("a row of golden_payloads", "not a JSON object"))?;
        Ok(Self {
            name: row.name,
            payload,
            expected_high_risk: row.expected_high_risk,
            author: row.author,
            updated_at: row.updated_at,
        })
    }
}

/// A payload as its column holds it.
pub(crate) fn payload_text(payload: &GoldenPayload) -> Result<String, StoreError> {
    serde_json::to_string(&payload.payload).map_err(|error| StoreError::Refused(Box::new(error)))
}
