//! Rows of `replicas`.

use std::collections::BTreeMap;

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

impl ReplicaRow {
    /// The report; where its JSON cannot be read, without that, and why.
    pub(crate) fn read(self) -> (ReplicaReport, Option<StoreError>) {
        let mut fault = None;
        let mut report = ReplicaReport {
            environment: self.environment,
            replica: self.replica,
            version: self.version,
            sha256: self.sha256,
            bundles: BTreeMap::new(),
            refused: None,
            journal_oldest_at: self.journal_oldest_at,
            traffic: None,
            started_at: self.started_at,
            at: self.at,
        };
        match serde_json::from_str(&self.bundles) {
            Ok(bundles) => report.bundles = bundles,
            Err(error) => fault = Some(error),
        }
        match self.refused.as_deref().map(serde_json::from_str).transpose() {
            Ok(refused) => report.refused = refused,
            Err(error) => fault = Some(error),
        }
        match self.traffic.as_deref().map(serde_json::from_str).transpose() {
            Ok(traffic) => report.traffic = traffic,
            Err(error) => fault = Some(error),
        }
        if fault.is_some() {
            metrics::counter!("bellwether_unreadable_rows_total", "table" => "replicas").increment(1);
        }
        let what = format!("the row of replica {}", report.replica);
        (report, fault.map(|error| StoreError::corrupt(what, error)))
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
