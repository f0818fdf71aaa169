//! How well each model told who would churn, all of them on the same clients; and how far they agree.

use serde::Serialize;

use crate::statistics::Interval;

/// On whom models are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Population {
    /// Everyone compared. Whoever was contacted because of a score may have stayed because of it: a model that
    /// answers looks worse here than it is.
    Everyone,
    /// The holdout, of whom nobody was told a score: what would have come without.
    Holdout,
}

/// A figure and its interval, right for one look at a moment fixed beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

/// Every model on one population: the clients compared whom all of these models scored at their first prediction.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct OnClients {
    /// Which.
    pub population: Population,
    /// How many clients.
    pub clients: u64,
    /// How many of them churned.
    pub churned: u64,
    /// Each arm and shadow of the newest version, then the heuristic; empty where there are too few clients.
    pub models: Vec<ModelScores>,
    /// Each pair of them.
    pub pairs: Vec<PairDifference>,
}

/// One model on one population.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ModelScores {
    /// The bundle's uid, or `heuristic`.
    pub model: String,
    /// Area under the ROC curve, with DeLong's interval: the probability that of a client who churns and one who stays
    /// the first has the higher score.
    pub auc: Estimate,
    /// Mean negative log-likelihood in nats.
    pub log_loss: Estimate,
    /// Mean squared error of the probability.
    pub brier: Estimate,
    /// The mean score, to be held against the share that churned.
    pub mean_score: f64,
    /// Clients by score in up to ten bins of about as many each.
    pub calibration: Vec<CalibrationBin>,
    /// The ROC curve, from (0, 0) to (1, 1): false positive rate and true positive rate; thinned.
    pub roc: Vec<[f64; 2]>,
    /// What contacting those at or above the cutoff would bring, a client, less what contacts cost: kept share × LTV of
    /// those who churned. As assumed, not as observed; null where neither cost nor kept share is given.
    pub contact_value: Option<Estimate>,
    /// Share of clients at or above the newest version's cutoff.
    pub high_risk: f64,
}

/// Clients whose scores are close to each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CalibrationBin {
    /// Their lowest score.
    pub low: f64,
    /// Their highest.
    pub high: f64,
    /// Their mean score.
    pub mean_score: f64,
    /// How many.
    pub clients: u64,
    /// How many of them churned.
    pub churned: u64,
    /// `churned` by `clients`.
    pub rate: f64,
    /// Wilson's interval of `rate`.
    pub interval: Interval,
}

/// The AUC of one model less that of another, on the same clients.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PairDifference {
    /// Whose AUC.
    pub of: String,
    /// Less whose.
    pub to: String,
    /// The difference with DeLong's paired interval.
    pub auc: Estimate,
    /// How probable a difference as large is where there is none, for one look; null where the two order every client
    /// alike.
    pub p_value: Option<f64>,
}

/// How far models agree, on every client whom all of them scored. Needs no outcomes.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Agreement {
    /// How many clients.
    pub clients: u64,
    /// The cutoff that scores were held against.
    pub cutoff: f64,
    /// Each pair of models.
    pub pairs: Vec<ModelPair>,
}

/// Two models beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ModelPair {
    /// One.
    pub of: String,
    /// The other.
    pub to: String,
    /// Share of clients whom both call high risk, or neither does; 0 to 1.
    pub same: f64,
    /// Cohen's kappa of that: 1 all alike, 0 as by chance; null where both say the same of everyone.
    pub kappa: Option<f64>,
    /// Spearman's rank correlation of their scores, −1 to 1; null where one gives everyone the same.
    pub spearman: Option<f64>,
}
