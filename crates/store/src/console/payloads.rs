//! The table `golden_payloads`: named inputs that every trial sends to staging. Read here, written by
//! [`super::Ledger::commit`] alone.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::StoreError;

/// A named input, and what is expected of its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoldenPayload {
    /// Its name: 1 to 100 characters.
    pub name: String,
    /// The body of `POST /predict`. No client's data: it is kept until somebody removes it.
    pub payload: Map<String, Value>,
    /// What `high_risk` has to be, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_high_risk: Option<bool>,
    /// Who wrote it.
    pub author: String,
    /// When, in UTC.
    pub updated_at: DateTime<Utc>,
}

/// Golden payloads.
#[async_trait]
pub trait GoldenPayloads: Send + Sync {
    /// Every payload, by name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a row cannot be read.
    async fn payloads(&self) -> Result<Vec<GoldenPayload>, StoreError>;
}
