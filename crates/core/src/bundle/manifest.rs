//! The manifest, format 1, as serde reads it. Shapes only: what the values must satisfy together is
//! checked in `checks`. `docs/bundle.md` is the contract, and unknown keys are refused at every level.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The manifest format that this version reads.
pub const FORMAT: u64 = 1;

/// `manifest.json`: everything about a model but its graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of this document: 1.
    pub format: u64,
    /// The model's id, `[a-z0-9_]{1,64}`; equal to the folder's name.
    pub uid: String,
    /// What a person calls the model, 1 to 120 characters.
    pub name: String,
    /// The kind of model.
    pub family: Family,
    /// When it was trained, UTC.
    pub created_at: DateTime<Utc>,
    /// The graph beside the manifest.
    pub onnx: OnnxFile,
    /// F, the width of the model's input.
    pub columns: usize,
    /// The features, in order.
    pub features: Vec<Feature>,
    /// What training saw, for drift.
    pub statistics: Statistics,
    /// How good the model was on the held-out fifth.
    pub metrics: Metrics,
    /// Where the model comes from: seeds, versions, parameters.
    pub training: BTreeMap<String, TrainingFact>,
    /// Requests and the probabilities that training gave them, at least 50.
    pub parity: Vec<ParityRow>,
    /// 100 raw requests drawn from training, for explanations.
    pub background: Vec<Box<RawValue>>,
}

/// The kind of model a bundle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Bagged trees on bootstrapped rows.
    RandomForest,
    /// Bagged trees with random thresholds.
    ExtraTrees,
    /// Gradient-boosted trees by XGBoost.
    Xgboost,
    /// Gradient-boosted trees by LightGBM.
    Lightgbm,
    /// Gradient-boosted trees by scikit-learn.
    HistGradientBoosting,
    /// A linear model of the log-odds.
    LogisticRegression,
    /// Anything else that fits the contract.
    Custom,
}

/// The graph's file and its two ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnnxFile {
    /// A plain file name inside the bundle's folder.
    pub file: String,
    /// The file's SHA-256, 64 lower-case hex digits.
    pub sha256: String,
    /// The file's length in bytes.
    pub bytes: u64,
    /// The graph's input, float32 `[N, F]`.
    pub input: String,
    /// The graph's output, float32 `[N, 1]`.
    pub output: String,
}

/// One feature: how raw input becomes columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Feature {
    /// A number.
    Numeric(Numeric),
    /// The quotient of two numeric features.
    Ratio(Ratio),
    /// A category, one column a level.
    Categorical(Categorical),
    /// A date, as its quarter and its year.
    Date(DateParts),
}

impl Feature {
    /// Its name, and its kind as the manifest writes it.
    pub fn name_and_kind(&self) -> (&str, &'static str) {
        match self {
            Self::Numeric(numeric) => (&numeric.name, "numeric"),
            Self::Ratio(ratio) => (&ratio.name, "ratio"),
            Self::Categorical(categorical) => (&categorical.name, "categorical"),
            Self::Date(date) => (&date.name, "date"),
        }
    }
}

/// A number: clip, log, fill, scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numeric {
    /// The raw input.
    pub name: String,
    /// The column it fills, or `None` where feature selection dropped it.
    pub column: Option<usize>,
    /// What is below it is raised to it.
    pub clip_min: Option<f64>,
    /// Whether the natural logarithm is taken.
    pub log: bool,
    /// What stands in for NaN, before scaling.
    pub fill: f64,
    /// Subtracted.
    pub mean: f64,
    /// Divided by; above 0.
    pub std: f64,
}

/// A quotient of two numeric features, each taken after its clip and before its log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// The feature's own name.
    pub name: String,
    /// Name of a numeric feature.
    pub numerator: String,
    /// Name of a numeric feature.
    pub denominator: String,
    /// The column it fills, or `None` where feature selection dropped it.
    pub column: Option<usize>,
    /// Whether the natural logarithm is taken.
    pub log: bool,
    /// What stands in for NaN, before scaling.
    pub fill: f64,
    /// Subtracted.
    pub mean: f64,
    /// Divided by; above 0.
    pub std: f64,
}

/// A category, one column a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Categorical {
    /// The raw input.
    pub name: String,
    /// The levels that have a column, or had one before feature selection.
    pub levels: Vec<Level>,
    /// Values that were rare in training; they are read as `sparse_combined`.
    pub rare: Vec<String>,
    /// Whether a JSON number is taken as its decimal text.
    pub accept_numbers: bool,
}

/// A date, encoded as two categories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateParts {
    /// The raw input.
    pub name: String,
    /// `q1` … `q4`.
    pub quarter: Levels,
    /// Four digits.
    pub year: Levels,
}

/// The levels of one part of a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// The levels that have a column, or had one before feature selection.
    pub levels: Vec<Level>,
    /// Values that were rare in training.
    pub rare: Vec<String>,
}

/// A category's level and the column that is 1 where it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The raw value, or `missing`, or `sparse_combined`.
    pub value: String,
    /// `None` where feature selection dropped it.
    pub column: Option<usize>,
}

/// What training saw, to compare with what production sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// How many rows were trained on.
    pub rows: u64,
    /// One entry per raw input, by its name.
    pub features: BTreeMap<String, InputStatistics>,
    /// The distribution of the probabilities.
    pub score: ScoreStatistics,
}

/// One raw input's distribution: `quantiles` for a number, `shares` for a category or a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InputStatistics {
    /// Share of rows without a value, 0 to 1.
    pub missing_rate: f64,
    /// The 0th to 100th percentile, ascending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Vec<f64>>,
    /// Share of each raw level (for a date: of each year), 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<BTreeMap<String, f64>>,
}

/// The distribution of the probabilities that training saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreStatistics {
    /// The 0th to 100th percentile, ascending.
    pub quantiles: Vec<f64>,
}

/// How good the model was on the held-out fifth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// How many rows were held out.
    pub rows: u64,
    /// Mean negative log-likelihood, in nats.
    pub log_loss: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// F1 at `cutoff`.
    pub f1: f64,
    /// Mean of both classes' recall at `cutoff`.
    pub balanced_accuracy: f64,
    /// The probability from which F1 and balanced accuracy call a client churned.
    pub cutoff: f64,
}

/// One fact about where a model comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TrainingFact {
    /// A version, a name, a date.
    Text(String),
    /// A seed, a count, a parameter.
    Number(serde_json::Number),
}

/// A raw request and the probability that training gave it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParityRow {
    /// The body of `POST /predict`, without `client_id`.
    pub input: Box<RawValue>,
    /// The probability, 0 to 1.
    pub probability: f64,
}
