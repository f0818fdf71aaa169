//! Differences in churn between groups: one interval for a look at a moment fixed beforehand, one for as many looks
//! as one likes.

use chrono::NaiveDate;
use serde::Serialize;

use super::tally::{DAY, HEURISTIC, HOLDOUT, MODEL, Tally};
use super::{GroupName, LEAST_CLIENTS, LEAST_EVENTS};
use crate::statistics::{
    Interval, MIXTURE, Proportion, always_valid_p, confidence_sequence, stratified_difference,
};

/// What the sequential interval says about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer churn than in the group it is compared with.
    Fewer,
    /// More do.
    More,
    /// The data so far are in accord with no difference.
    Open,
    /// There are too few clients to say anything.
    TooFew,
}

/// The churn rate of one group less that of another.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// Whose rate.
    pub of: GroupName,
    /// Less whose.
    pub to: GroupName,
    /// Clients compared on the one side.
    pub of_clients: u64,
    /// And on the other.
    pub to_clients: u64,
    /// The difference, −1 to 1; null where there are too few. Estimand: the effect on the probability of churn within
    /// the window of being drawn into the one group rather than the other, whatever is done with it. Where shares
    /// were changed it is a mean of the differences within each setting, weighted as Mantel and Haenszel do.
    pub estimate: Option<f64>,
    /// Newcombe's hybrid interval: right for one look at a moment fixed beforehand.
    pub fixed: Option<Interval>,
    /// The confidence sequence's interval: right for all looks together.
    pub sequential: Option<Interval>,
    /// An always-valid p-value for no difference, of this look; 0 to 1.
    pub always_valid_p: Option<f64>,
    /// What the sequential interval says.
    pub verdict: Verdict,
    /// The same as it would have been seen day by day, with the outcomes known now; empty for arms.
    pub days: Vec<DifferenceDay>,
}

/// A difference by the end of one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DifferenceDay {
    /// Which.
    pub day: NaiveDate,
    /// Clients compared by then, both sides together.
    pub clients: u64,
    /// The difference.
    pub estimate: f64,
    /// The confidence sequence's interval.
    pub sequential: Interval,
}

/// The pairs of treatments that are compared, by their groups.
pub(super) const TREATMENT_PAIRS: [(usize, usize); 3] =
    [(MODEL, HOLDOUT), (HEURISTIC, HOLDOUT), (MODEL, HEURISTIC)];

/// Every difference between groups that both have clients: treatments, and where there are several arms, each arm to
/// the holdout, to the heuristic, and to the arms before it.
pub(super) fn differences(tally: &Tally, alpha: f64) -> Vec<Difference> {
    let entered = |(of, to): &(usize, usize)| tally.groups[*of].entered > 0 && tally.groups[*to].entered > 0;
    let mut told = Vec::new();
    for (of, to) in TREATMENT_PAIRS.into_iter().filter(entered) {
        let difference = difference(tally, of, to, alpha);
        told.push(Difference { days: days(tally, of, to, alpha), ..difference });
    }
    let arms: Vec<usize> = tally.arms().filter(|arm| tally.groups[*arm].entered > 0).collect();
    if arms.len() > 1 {
        for (at, arm) in arms.iter().enumerate() {
            let others = [HOLDOUT, HEURISTIC].into_iter().chain(arms[..at].iter().copied());
            let pairs = others.map(|other| (*arm, other)).filter(entered);
            told.extend(pairs.map(|(of, to)| difference(tally, of, to, alpha)));
        }
    }
    told
}

fn difference(tally: &Tally, of: usize, to: usize, alpha: f64) -> Difference {
    let strata = tally.strata(of, to);
    let (of_whole, to_whole) = both(&strata);
    let enough = of_whole.of.min(to_whole.of) >= LEAST_CLIENTS;
    let found = stratified_difference(&strata, alpha).filter(|_| enough);
    let looked = found.filter(|_| events_suffice(of_whole) && events_suffice(to_whole));
    let sequential = looked
        .map(|found| confidence_sequence(found.estimate, found.variance, MIXTURE, alpha).within(-1.0, 1.0));
    Difference {
        of: tally.names[of].clone(),
        to: tally.names[to].clone(),
        of_clients: of_whole.of,
        to_clients: to_whole.of,
        estimate: found.map(|found| found.estimate),
        fixed: found.map(|found| found.fixed),
        sequential,
        always_valid_p: looked.map(|found| always_valid_p(found.estimate, found.variance, MIXTURE)),
        verdict: verdict(sequential),
        days: Vec::new(),
    }
}

/// Both sides summed over the strata that say something.
fn both(strata: &[(Proportion, Proportion)]) -> (Proportion, Proportion) {
    let telling: Vec<_> = strata.iter().filter(|(of, to)| of.of > 0 && to.of > 0).collect();
    let sum = |side: fn(&(Proportion, Proportion)) -> Proportion| {
        let parts: Vec<Proportion> = telling.iter().map(|stratum| side(stratum)).collect();
        super::tally::whole(&parts)
    };
    (sum(|stratum| stratum.0), sum(|stratum| stratum.1))
}

fn events_suffice(side: Proportion) -> bool {
    side.count.min(side.of - side.count) >= LEAST_EVENTS
}

fn verdict(sequential: Option<Interval>) -> Verdict {
    match sequential {
        None => Verdict::TooFew,
        Some(interval) if interval.high < 0.0 => Verdict::Fewer,
        Some(interval) if interval.low > 0.0 => Verdict::More,
        Some(_) => Verdict::Open,
    }
}

/// The difference by the end of each day on which somebody's window ended, from the first day with enough clients on.
fn days(tally: &Tally, of: usize, to: usize, alpha: f64) -> Vec<DifferenceDay> {
    let regimes = tally.groups[of].compared.len();
    let mut strata = vec![(Proportion::default(), Proportion::default()); regimes];
    let mut told = Vec::new();
    for (day, cells) in &tally.days {
        for ((group, regime), cell) in cells {
            let Some(stratum) = strata.get_mut(*regime) else { continue };
            let side = match *group {
                group if group == of => &mut stratum.0,
                group if group == to => &mut stratum.1,
                _ => continue,
            };
            *side = Proportion { count: side.count + cell.count, of: side.of + cell.of };
        }
        told.extend(by_the_end_of(*day, &strata, alpha));
    }
    told
}

fn by_the_end_of(day: i64, strata: &[(Proportion, Proportion)], alpha: f64) -> Option<DifferenceDay> {
    let (of, to) = both(strata);
    if !events_suffice(of) || !events_suffice(to) {
        return None;
    }
    let found = stratified_difference(strata, alpha)?;
    let sequential = confidence_sequence(found.estimate, found.variance, MIXTURE, alpha).within(-1.0, 1.0);
    Some(DifferenceDay {
        day: chrono::DateTime::from_timestamp_millis(day * DAY)?.date_naive(),
        clients: of.of + to.of,
        estimate: found.estimate,
        sequential,
    })
}
