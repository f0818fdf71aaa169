//! Rows of `config_version`.

use bellwether_core::change::TrialReport;
use bellwether_core::config::{ConfigDocument, ConfigVersion};
use bellwether_core::customer::FieldError;
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::lenient::Lenient;
use crate::{NewConfigVersion, StoreError, StoredVersion, UnreadableDocument};

/// A row, which somebody may have written past us: of a value that is none, the rest of the row is told.
#[derive(FromRow)]
pub(crate) struct ConfigVersionRow {
    environment: String,
    version: u64,
    parent: Lenient<Option<u64>>,
    document: Lenient<String>,
    sha256: Lenient<String>,
    author: Lenient<String>,
    reason: Lenient<String>,
    created_at: Lenient<DateTime<Utc>>,
    provenance: Lenient<Option<String>>,
}

impl From<ConfigVersionRow> for StoredVersion {
    fn from(row: ConfigVersionRow) -> Self {
        let mut reasons = Vec::new();
        let parent = row.parent.or_told("parent", &mut reasons);
        let text = row.document.or_told("document", &mut reasons);
        let sha256 = row.sha256.or_told("sha256", &mut reasons);
        let author = row.author.or_told("author", &mut reasons);
        let reason = row.reason.or_told("reason", &mut reasons);
        let created_at = row.created_at.or_told("created_at", &mut reasons);
        // It only says where the version comes from: one that a newer build wrote is served without it.
        let provenance = row.provenance.or_told("provenance", &mut Vec::new());
        let provenance = provenance.and_then(|json| serde_json::from_str(&json).ok());
        let document = match checked(&text, &sha256) {
            Ok(document) if reasons.is_empty() => Ok(document),
            outcome => {
                reasons.extend(outcome.err().into_iter().flatten());
                Err(UnreadableDocument { text, reasons })
            }
        };
        Self {
            environment: row.environment,
            version: row.version,
            parent,
            sha256,
            author,
            reason,
            created_at,
            provenance,
            document,
        }
    }
}

/// A stored document, or everything that keeps it from being used.
fn checked(text: &str, sha256: &str) -> Result<ConfigDocument, Vec<String>> {
    let told = |faults: Vec<FieldError>| {
        faults.into_iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect::<Vec<_>>()
    };
    let Ok(document) = serde_json::from_str::<ConfigDocument>(text) else {
        return ConfigDocument::parse(text).map_err(told);
    };
    let mut reasons = told(document.faults());
    match document.sha256() {
        Ok(expected) if expected == sha256 => {}
        Ok(expected) => reasons.push(format!("sha256: expected {expected}, the document's, not `{sha256}`")),
        Err(error) => reasons.push(format!("document: cannot be written: {error}")),
    }
    if reasons.is_empty() { Ok(document) } else { Err(reasons) }
}

/// The version that follows another, with its texts as they are stored.
pub(crate) struct Successor {
    pub(crate) version: ConfigVersion,
    pub(crate) document: String,
    pub(crate) provenance: Option<String>,
    pub(crate) stage_report: Option<String>,
}

impl Successor {
    /// What `new` becomes where its parent is live.
    pub(crate) fn of(new: NewConfigVersion) -> Result<Self, StoreError> {
        let unwritable = |error| StoreError::Refused(Box::new(error));
        let document = serde_json::to_string(&new.document).map_err(unwritable)?;
        let provenance = new.provenance.as_ref().map(serde_json::to_string);
        let stage_report = new.stage_report.as_ref().map(serde_json::to_string);
        let version = ConfigVersion {
            version: new.parent.unwrap_or(0).saturating_add(1),
            sha256: new.document.sha256().map_err(unwritable)?,
            environment: new.environment,
            parent: new.parent,
            document: new.document,
            author: new.author,
            reason: new.reason,
            created_at: new.created_at,
            provenance: new.provenance,
        };
        Ok(Self {
            version,
            document,
            provenance: provenance.transpose().map_err(unwritable)?,
            stage_report: stage_report.transpose().map_err(unwritable)?,
        })
    }
}

/// A trial's report, from its column.
pub(crate) fn stage_report(
    environment: &str,
    version: u64,
    json: Option<&str>,
) -> Result<Option<TrialReport>, StoreError> {
    let what = || format!("the stage report of config version {version} of {environment}");
    let report = json.map(serde_json::from_str).transpose();
    report.map_err(|error| StoreError::corrupt(what(), error))
}

/// What it means that another version than its parent is live.
pub(crate) fn overtaken(version: &ConfigVersion) -> StoreError {
    let environment = &version.environment;
    let what = match version.parent {
        Some(parent) => format!("version {parent} is not the live one of {environment} any more"),
        None => format!("{environment} has a version already"),
    };
    StoreError::Conflict { what }
}
