//! What an environment's api answers, as far as the console reads it.

use std::collections::BTreeMap;

use bellwether_core::bundle::manifest::Statistics;
use bellwether_core::treatment::Treatment;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A bundle in the models folder of a replica of staging, loaded or not.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StageBundle {
    /// Its uid.
    pub uid: String,
    /// Its name, for people; none where it is refused.
    pub name: Option<String>,
    /// Why it is not loaded, where it is not.
    pub reason: Option<String>,
}

/// A bundle's parity rows: what training says of them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ParityRows {
    /// How far a score may be from training's.
    pub tolerance: f64,
    /// The rows.
    pub rows: Vec<ParityRow>,
}

/// What a bundle's training saw.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BundleStatistics {
    /// SHA-256 of the bundle as a whole, in hex.
    pub sha256: String,
    /// The features.
    pub features: Vec<FeatureKind>,
    /// How every raw input and the score were distributed.
    pub statistics: Statistics,
}

/// A feature, and of what kind it is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FeatureKind {
    /// The raw input, or a ratio's own name.
    pub name: String,
    /// `numeric`, `ratio`, `categorical` or `date`.
    pub kind: String,
}

/// One input and its probability.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ParityRow {
    /// The body of `POST /predict`.
    pub input: Map<String, Value>,
    /// What training says.
    pub probability: f64,
}

/// The answer to a prediction that was asked for as a trial.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answered {
    /// Rounded, 0 to 1; none in a holdout.
    pub prediction: Option<f64>,
    /// `yes` or `no`; none in a holdout.
    pub high_risk: Option<String>,
    /// What the client got.
    pub treatment: Treatment,
    /// The bundle that answered.
    pub model: Option<String>,
    /// The version that answered.
    pub config_version: u64,
    /// What only trials are told.
    pub trial: Option<Particulars>,
}

/// What only trials are told.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Particulars {
    /// Unrounded, of every arm and shadow, by bundle uid.
    pub scores: BTreeMap<String, f64>,
    /// Which arms and shadows were cut off, and why.
    #[serde(default)]
    pub cut_off: BTreeMap<String, String>,
    /// The arm that answered, or would have.
    pub arm: String,
    /// What was answered, unrounded; none in a holdout.
    pub probability: Option<f64>,
    /// The cutoff that it was held against.
    pub proba_cutoff: f64,
    /// Who answered.
    pub replica: String,
}

impl Answered {
    /// Whether the client is of high risk; none without a prediction, or where the answer says neither yes nor no.
    pub(crate) fn is_high_risk(&self) -> Option<bool> {
        match self.high_risk.as_deref() {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            _ => None,
        }
    }
}
