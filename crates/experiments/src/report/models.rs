//! How well each model told who would churn, all of them on the same clients; and how far they agree.

use serde::Serialize;

use super::value::mean_of;
use super::{LEAST_CLIENTS, LEAST_EVENTS};
use crate::cohort::{Cohort, Standing};
use crate::statistics::{
    Areas, Interval, Moments, ScoreBin, brier, calibration, calls, log_loss, roc_curve, spearman,
};

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

/// Bins of a calibration plot.
const BINS: usize = 10;
/// Corners that are kept of a ROC curve.
const CORNERS: usize = 200;
/// A model that scored a smaller share than this of what another did is not compared: it would leave few clients.
const LEAST_SCORED: f64 = 0.5;

/// Which models are compared, and which not.
pub(super) struct Compared {
    /// Positions among the cohort's columns.
    columns: Vec<usize>,
    /// Models of the newest version that scored too few clients, with how many those were.
    pub(super) left_out: Vec<(String, u64)>,
    /// Clients whom one of the models compared did not score.
    pub(super) unscored: u64,
}

impl Compared {
    /// The newest version's models and the heuristic, but for those that scored too few.
    pub(super) fn of(cohort: &Cohort) -> Self {
        let newest: Vec<&str> =
            cohort.newest().map(|version| version.document.models().collect()).unwrap_or_default();
        let heuristic = cohort.columns.len() - 1;
        let named = cohort.columns.iter().enumerate().filter(|(_, model)| newest.contains(&model.as_str()));
        let scored = named.map(|(column, model)| (column, model.clone(), scored(cohort, column)));
        let scored: Vec<(usize, String, u64)> = scored.collect();
        let most = scored.iter().map(|(_, _, count)| *count).max().unwrap_or(0);
        let (few, enough): (Vec<_>, Vec<_>) = scored
            .into_iter()
            .partition(|(_, _, count)| *count == 0 || (*count as f64) < LEAST_SCORED * most as f64);
        let columns: Vec<usize> =
            enough.into_iter().map(|(column, _, _)| column).chain([heuristic]).collect();
        let left_out = few.into_iter().map(|(_, model, count)| (model, count)).collect();
        let all = |client: usize| columns.iter().all(|column| !cohort.scores_of(client)[*column].is_nan());
        let unscored = (0..cohort.clients.len()).filter(|client| !all(*client)).count() as u64;
        Self { columns, left_out, unscored }
    }

    fn name<'a>(&self, cohort: &'a Cohort, at: usize) -> &'a str {
        &cohort.columns[self.columns[at]]
    }

    /// The scores of those clients whom every model scored and whom `wanted` names, a list a model; with what it says
    /// of each.
    fn scores<T>(&self, cohort: &Cohort, wanted: impl Fn(usize) -> Option<T>) -> (Vec<Vec<f64>>, Vec<T>) {
        let mut scores = vec![Vec::new(); self.columns.len()];
        let mut told = Vec::new();
        for client in 0..cohort.clients.len() {
            let row = cohort.scores_of(client);
            let all = self.columns.iter().all(|column| !row[*column].is_nan());
            let Some(of_client) = wanted(client).filter(|_| all) else { continue };
            told.push(of_client);
            for (of_model, column) in scores.iter_mut().zip(&self.columns) {
                of_model.push(f64::from(row[*column]));
            }
        }
        (scores, told)
    }
}

fn scored(cohort: &Cohort, column: usize) -> u64 {
    let rows = cohort.scores.chunks_exact(cohort.columns.len());
    rows.filter(|row| !row[column].is_nan()).count() as u64
}

/// Every model on everyone, and on the holdout.
pub(super) fn on_clients(cohort: &Cohort, compared: &Compared) -> Vec<OnClients> {
    [Population::Everyone, Population::Holdout].map(|population| on(cohort, compared, population)).into()
}

/// What came of one client.
struct Case {
    churned: bool,
    ltv: f64,
}

fn on(cohort: &Cohort, compared: &Compared, population: Population) -> OnClients {
    let moment = cohort.moment();
    let (scores, cases) = compared.scores(cohort, |at| {
        let client = cohort.clients.get(at)?;
        let wanted = population == Population::Everyone
            || client.treatment == bellwether_core::treatment::Treatment::Holdout;
        match client.standing(moment, false) {
            Standing::Compared { churned } if wanted => Some(Case { churned, ltv: client.ltv }),
            _ => None,
        }
    });
    let churned: Vec<bool> = cases.iter().map(|case| case.churned).collect();
    let events = churned.iter().filter(|churned| **churned).count() as u64;
    let clients = cases.len() as u64;
    let enough = events.min(clients - events) >= LEAST_EVENTS;
    let areas = enough.then(|| Areas::of(&scores, &churned)).flatten();
    let (mut models, mut pairs) = (Vec::new(), Vec::new());
    if let Some(areas) = &areas {
        let names: Vec<&str> = (0..scores.len()).map(|at| compared.name(cohort, at)).collect();
        let one = |at: usize| {
            judged(cohort, names[at], &scores[at], &churned, &cases, areas.area(at, cohort.spec.alpha)?)
        };
        models = (0..scores.len()).filter_map(one).collect();
        pairs = paired(&names, areas, cohort.spec.alpha);
    }
    OnClients { population, clients, churned: events, models, pairs }
}

fn judged(
    cohort: &Cohort,
    model: &str,
    scores: &[f64],
    churned: &[bool],
    cases: &[Case],
    (area, interval): (f64, Interval),
) -> Option<ModelScores> {
    let (alpha, cutoff) = (cohort.spec.alpha, cohort.newest()?.document.proba_cutoff);
    let mean = |moments: &Moments| mean_of(moments, alpha);
    let flagged = scores.iter().filter(|score| **score >= cutoff).count();
    Some(ModelScores {
        model: model.to_owned(),
        auc: Estimate { value: area, interval },
        log_loss: mean(&log_loss(scores, churned))?,
        brier: mean(&brier(scores, churned))?,
        mean_score: scores.iter().copied().collect::<Moments>().mean(),
        calibration: calibration(scores, churned, BINS, alpha).iter().map(CalibrationBin::from).collect(),
        roc: roc_curve(scores, churned, CORNERS),
        contact_value: contact_value(cohort, scores, cases, cutoff),
        high_risk: flagged as f64 / scores.len() as f64,
    })
}

/// What contacting those of high risk would bring, as assumed.
fn contact_value(cohort: &Cohort, scores: &[f64], cases: &[Case], cutoff: f64) -> Option<Estimate> {
    let (cost, share) = (cohort.spec.contact_cost, cohort.spec.kept_share);
    if cost == 0.0 && share == 0.0 {
        return None;
    }
    let brought = |(score, case): (&f64, &Case)| {
        if *score < cutoff {
            return 0.0;
        }
        let kept = if case.churned { share * case.ltv } else { 0.0 };
        kept - cost
    };
    mean_of(&scores.iter().zip(cases).map(brought).collect(), cohort.spec.alpha)
}

fn paired(names: &[&str], areas: &Areas, alpha: f64) -> Vec<PairDifference> {
    let pair = |(of, to): (usize, usize)| {
        let found = areas.difference(of, to, alpha)?;
        Some(PairDifference {
            of: names[of].to_owned(),
            to: names[to].to_owned(),
            auc: Estimate { value: found.difference, interval: found.interval },
            p_value: found.p_value,
        })
    };
    each_pair(names.len()).filter_map(pair).collect()
}

fn each_pair(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |of| (of + 1..count).map(move |to| (of, to)))
}

impl From<&ScoreBin> for CalibrationBin {
    fn from(bin: &ScoreBin) -> Self {
        Self {
            low: bin.low,
            high: bin.high,
            mean_score: bin.mean_score,
            clients: bin.came.of,
            churned: bin.came.count,
            rate: bin.came.count as f64 / bin.came.of as f64,
            interval: bin.interval,
        }
    }
}

/// How far the models agree; none with fewer than two of them or fewer than [`LEAST_CLIENTS`].
pub(super) fn agreement(cohort: &Cohort, compared: &Compared) -> Option<Agreement> {
    let cutoff = cohort.newest()?.document.proba_cutoff;
    let (scores, clients) = compared.scores(cohort, |_| Some(()));
    let clients = clients.len() as u64;
    if scores.len() < 2 || clients < LEAST_CLIENTS {
        return None;
    }
    let pair = |(of, to): (usize, usize)| {
        let called = calls(&scores[of], &scores[to], cutoff)?;
        Some(ModelPair {
            of: compared.name(cohort, of).to_owned(),
            to: compared.name(cohort, to).to_owned(),
            same: called.same,
            kappa: called.kappa,
            spearman: spearman(&scores[of], &scores[to]),
        })
    };
    Some(Agreement { clients, cutoff, pairs: each_pair(scores.len()).filter_map(pair).collect() })
}
