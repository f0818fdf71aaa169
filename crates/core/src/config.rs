//! The config document: what the business edits while the system runs. What an operator sets before
//! a process starts is settings, and lives in another crate.

mod judging;
mod reading;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::customer::FieldError;

pub use judging::{ContactValue, DriftLimits, OUTCOME_WINDOW_DAYS};

/// The document format this build writes; it reads this one and the one before.
pub const SCHEMA: u32 = 1;
/// Cutoffs that make sense of a probability.
pub const CUTOFF_RANGE: std::ops::RangeInclusive<f64> = 0.09..=0.99;
const MAX_MODELS: usize = 20;
const MAX_RECIPIENTS: usize = 50;
const MAX_WINDOW_SECONDS: u32 = 30 * 24 * 3600;

/// A share of clients in percent, exact to 0.01: 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Percentage(u16);

impl Percentage {
    /// Everyone.
    pub const ALL: Self = Self(10_000);
    /// No one.
    pub const NONE: Self = Self(0);

    /// The share in buckets of 10,000.
    pub fn buckets(self) -> u16 {
        self.0
    }

    /// A share from its count of buckets; `None` above 10,000.
    pub fn from_buckets(buckets: u16) -> Option<Self> {
        (buckets <= 10_000).then_some(Self(buckets))
    }
}

impl TryFrom<f64> for Percentage {
    type Error = String;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie in 0 to 10,000"
    )]
    fn try_from(percent: f64) -> Result<Self, String> {
        let hundredths = percent * 100.0;
        if !(0.0..=10_000.0).contains(&hundredths) {
            return Err(format!("expected a percentage from 0 to 100, not {percent}"));
        }
        if (hundredths - hundredths.round()).abs() > 1e-6 {
            return Err(format!("expected a percentage to 0.01 at the finest, not {percent}"));
        }
        Ok(Self(hundredths.round() as u16))
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", f64::from(self.0) / 100.0)
    }
}

impl Serialize for Percentage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) {
            serializer.serialize_u16(self.0 / 100)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 100.0)
        }
    }
}

impl<'de> Deserialize<'de> for Percentage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// One model's share of the clients who get a model's prediction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// The bundle's uid.
    pub model: String,
    /// Its share; the arms sum to 100.
    #[schema(value_type = f64, minimum = 0, maximum = 100)]
    pub percentage: Percentage,
}

/// Which predictions are emailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailPolicy {
    /// None of them.
    None,
    /// Those of high risk.
    #[default]
    HighRisk,
    /// All that were served.
    All,
}

/// One version's whole content. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigDocument {
    /// The document's format.
    #[serde(default = "schema")]
    pub schema: u32,
    /// From this probability on a client is of high risk: 0.09 to 0.99.
    #[serde(default = "proba_cutoff")]
    #[schema(minimum = 0.09, maximum = 0.99)]
    pub proba_cutoff: f64,
    /// Who answers, and to which share of the clients that get a model: sums to 100.
    pub arms: Vec<Arm>,
    /// Models that score every request and are only logged.
    #[serde(default)]
    pub shadow: Vec<String>,
    /// Share of all clients answered by the heuristic.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 100)]
    pub heuristic_percentage: Percentage,
    /// Share of all clients who get no prediction.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 100)]
    pub holdout_percentage: Percentage,
    /// Changing it draws every client anew.
    #[serde(default = "experiment_salt")]
    pub experiment_salt: String,
    /// Which predictions are emailed.
    #[serde(default)]
    pub email: EmailPolicy,
    /// To whom; absent, the operator's recipients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_recipients: Option<Vec<String>>,
    /// How far back `recent_times_id_seen` looks, in seconds: 1 to 2,592,000.
    #[serde(default = "recent_window_seconds")]
    #[schema(minimum = 1, maximum = 2_592_000)]
    pub recent_window_seconds: u32,
    /// From where on production has drifted from training; absent, every limit stands at its default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftLimits>,
    /// How many days after a prediction a client may still churn for it to count: 1 to 365; absent, 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 365)]
    pub outcome_window_days: Option<u16>,
    /// What it is worth to contact a client of high risk; absent, contacts are taken to cost and
    /// to keep nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_value: Option<ContactValue>,
}

fn schema() -> u32 {
    SCHEMA
}
fn proba_cutoff() -> f64 {
    0.65
}
fn experiment_salt() -> String {
    "bellwether".to_owned()
}
fn recent_window_seconds() -> u32 {
    24 * 3600
}

impl ConfigDocument {
    /// The document of version 1: one model answers everyone.
    pub fn initial(model: &str) -> Self {
        Self {
            schema: SCHEMA,
            proba_cutoff: proba_cutoff(),
            arms: vec![Arm { model: model.to_owned(), percentage: Percentage::ALL }],
            shadow: Vec::new(),
            heuristic_percentage: Percentage::NONE,
            holdout_percentage: Percentage::NONE,
            experiment_salt: experiment_salt(),
            email: EmailPolicy::default(),
            email_recipients: None,
            recent_window_seconds: recent_window_seconds(),
            drift: None,
            outcome_window_days: None,
            contact_value: None,
        }
    }

    /// The limits of drift, set or by default.
    pub fn drift_limits(&self) -> DriftLimits {
        self.drift.unwrap_or_default()
    }

    /// How many days an outcome is waited for, set or by default: 1 to 365.
    pub fn outcome_window(&self) -> u16 {
        self.outcome_window_days.unwrap_or(OUTCOME_WINDOW_DAYS)
    }

    /// Reads and checks a document.
    ///
    /// # Errors
    /// Every field at fault, by its path (`arms[1].percentage`); `document` where the text is no such object.
    pub fn parse(json: &str) -> Result<Self, Vec<FieldError>> {
        let document = reading::read(json)?;
        let faults = document.faults();
        if faults.is_empty() { Ok(document) } else { Err(faults) }
    }

    /// What is wrong with the document by itself, without knowing which models exist.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, field: &str, message: String| {
            if !holds {
                faults.push(fault(field, &message));
            }
        };
        let readable = self.schema == SCHEMA;
        expect(readable, "schema", format!("expected {SCHEMA}, not {}", self.schema));
        let cutoff = self.proba_cutoff;
        expect(
            CUTOFF_RANGE.contains(&cutoff),
            "proba_cutoff",
            format!("expected 0.09 to 0.99, not {cutoff}"),
        );
        let count = self.arms.len();
        expect((1..=MAX_MODELS).contains(&count), "arms", format!("expected 1 to {MAX_MODELS}, not {count}"));
        let sum: u32 = self.arms.iter().map(|arm| u32::from(arm.percentage.buckets())).sum();
        let percent = f64::from(sum) / 100.0;
        expect(sum == 10_000, "arms", format!("expected percentages that sum to 100, not {percent}"));
        for (at, arm) in self.arms.iter().enumerate() {
            let again = self.arms[..at].iter().any(|earlier| earlier.model == arm.model);
            expect(!again, &format!("arms[{at}].model"), format!("`{}` is named twice", arm.model));
        }
        expect(self.shadow.len() <= MAX_MODELS, "shadow", format!("expected at most {MAX_MODELS}"));
        for (at, model) in self.shadow.iter().enumerate() {
            let again = self.shadow[..at].contains(model) || self.arms.iter().any(|arm| arm.model == *model);
            expect(!again, &format!("shadow[{at}]"), format!("`{model}` already scores every request"));
        }
        let kept = self.heuristic_percentage.buckets() + self.holdout_percentage.buckets();
        let message = "expected that it and holdout_percentage leave something: at most 100 together";
        expect(kept <= 10_000, "heuristic_percentage", message.to_owned());
        let salt = &self.experiment_salt;
        let plain = !salt.is_empty() && salt.len() <= 64 && !salt.chars().any(char::is_control);
        expect(plain, "experiment_salt", "expected 1 to 64 bytes without control characters".to_owned());
        let window = self.recent_window_seconds;
        expect(
            (1..=MAX_WINDOW_SECONDS).contains(&window),
            "recent_window_seconds",
            format!("expected 1 to {MAX_WINDOW_SECONDS}, not {window}"),
        );
        let recipients = self.email_recipients.as_deref().unwrap_or_default();
        expect(
            recipients.len() <= MAX_RECIPIENTS,
            "email_recipients",
            format!("expected at most {MAX_RECIPIENTS}"),
        );
        for (at, address) in recipients.iter().enumerate() {
            let message = format!("expected an email address, not `{address}`");
            expect(looks_like_address(address), &format!("email_recipients[{at}]"), message);
        }
        faults.extend(self.drift.iter().flat_map(DriftLimits::faults));
        faults.extend(judging::window_faults(self.outcome_window_days));
        faults.extend(self.contact_value.iter().flat_map(ContactValue::faults));
        faults
    }

    /// Every model the document names, arms first.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.arms.iter().map(|arm| arm.model.as_str()).chain(self.shadow.iter().map(String::as_str))
    }

    /// SHA-256 of the document as it is stored, in hex: two documents are the same if this is.
    ///
    /// # Errors
    /// None in practice: the document always serialises.
    pub fn sha256(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{:x}", Sha256::digest(serde_json::to_vec(self)?)))
    }
}

fn fault(field: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), message: message.to_owned() }
}

/// Whether a text looks like an email address: enough to catch a slip of the hand; the mail server has
/// the last word.
pub fn looks_like_address(address: &str) -> bool {
    let plain = address.len() <= 254 && !address.chars().any(|c| c.is_control() || c.is_whitespace());
    plain && address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// One immutable version of an environment's config.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConfigVersion {
    /// `local`, `stage` or `prod`.
    pub environment: String,
    /// Counts up from 1 within an environment.
    pub version: u64,
    /// The version it was made from; none for the first.
    pub parent: Option<u64>,
    /// The content.
    pub document: ConfigDocument,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    /// Who made it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, in UTC.
    pub created_at: DateTime<Utc>,
    /// By which way it came to be; none where it was written past us, or before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// By which way a version came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Provenance {
    /// Which way.
    pub origin: Origin,
    /// The proposal that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
    /// Who edited the proposal, by name; its author is the version's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edited_by: Vec<String>,
    /// Who else agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Why it went past staging, where it did; stays for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<String>,
    /// The version whose document it brings back, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
}

/// The ways to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// An environment's first, written by `bellwether migrate`.
    Initial,
    /// Written to staging to be tried.
    Trial,
    /// Promoted to production.
    Promotion,
    /// Put back by somebody.
    Revert,
    /// Put back by itself, since what was promoted exceeded its limits.
    Rollback,
}

impl Provenance {
    /// Of a version that came by this way, with nothing more to say.
    pub fn of(origin: Origin) -> Self {
        Self {
            origin,
            proposal: None,
            edited_by: Vec::new(),
            approved_by: None,
            emergency: None,
            restores: None,
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
