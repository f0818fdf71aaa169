//! Rows of `replicas`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::{ReplicaReport, StoreError};

#[derive(FromRow)]
pub(crate) struct ReplicaRow {
    environment: String,
    replica: String,
    version: Option<u64>,
    sha256: Option<String>,
    bundles: String,
    refused: Option<String>,
    journal_oldest_at: Option<DateTime<Utc>>,
    traffic: Option<String>,
    started_at: DateTime<Utc>,
    at: DateTime<Utc>,
}

impl TryFrom<ReplicaRow> for ReplicaReport {
    type Error = StoreError;

    fn try_from(row: ReplicaRow) -> Result<Self, StoreError> {
        let corrupt = |error: serde_json::Error| {
            StoreError::corrupt(format!("the row of replica {}", row.replica), error)
        };
        Ok(Self {
            bundles: serde_json::from_str(&row.bundles).map_err(corrupt)?,
            refused: row.refused.as_deref().map(serde_json::from_str).transpose().map_err(corrupt)?,
            traffic: row.traffic.as_deref().map(serde_json::from_str).transpose().map_err(corrupt)?,
            environment: row.environment,
            replica: row.replica,
            version: row.version,
            sha256: row.sha256,
            journal_oldest_at: row.journal_oldest_at,
            started_at: row.started_at,
            at: row.at,
        })
    }
}

/// What of a report is stored as JSON.
pub(crate) struct ReplicaTexts {
    pub(crate) bundles: String,
    pub(crate) refused: Option<String>,
    pub(crate) traffic: Option<String>,
}

impl ReplicaTexts {
    pub(crate) fn of(report: &ReplicaReport) -> Result<Self, StoreError> {
        let unwritable = |error| StoreError::Refused(Box::new(error));
        Ok(Self {
            bundles: serde_json::to_string(&report.bundles).map_err(unwritable)?,
            refused: report.refused.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?,
            traffic: report.traffic.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?,
        })
    }
}
