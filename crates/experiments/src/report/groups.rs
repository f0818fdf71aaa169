//! How many clients were given what, what became of them, and whether the draw went as it should.

use bellwether_core::config::{ConfigDocument, Percentage};
use bellwether_core::treatment::{BUCKETS, Treatment};
use serde::Serialize;

use super::tally::{Counts, HEURISTIC, HOLDOUT, MODEL, Tally};
use super::{GroupName, LEAST_EVENTS};
use crate::cohort::Cohort;
use crate::statistics::{
    CountTest, Interval, MIXTURE, chi_squared_tail, confidence_sequence, goodness_of_fit, independence,
    wilson,
};

/// One group's clients. `entered` is the sum of `moved`, `immature`, `unknown` and `compared`.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Group {
    /// Which.
    pub name: GroupName,
    /// Clients whose first counting prediction in the experiment was given this way.
    pub entered: u64,
    /// Those for whom a version that went live within their window means something else: left out, whether they were
    /// seen again or not, since who comes back is no random choice.
    pub moved: u64,
    /// Those of `moved` who were seen with something else.
    pub moved_seen: u64,
    /// Those whose window is not over.
    pub immature: u64,
    /// Those whose window is over, and of whom nobody said what became.
    pub unknown: u64,
    /// Those who are compared: their window is over, and it is known what became of them.
    pub compared: u64,
    /// Those of `compared` who churned within their window.
    pub churned: u64,
    /// `churned` by `compared`; null where nobody is compared. Estimand: the probability that a client drawn into this
    /// group, whose outcome gets known, churns within the window.
    pub rate: Option<f64>,
    /// Wilson's interval of `rate`: right for one look at a moment fixed beforehand.
    pub fixed: Option<Interval>,
    /// An interval of `rate` that may be looked at as often as one likes; null where there are too few.
    pub sequential: Option<Interval>,
}

/// Whether clients fell into the groups as the shares of the versions that they met lead to expect.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SampleRatio {
    /// Counted and expected, by group.
    pub cells: Vec<RatioCell>,
    /// Pearson's χ², summed over the settings of shares.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees: u32,
    /// How probable as large a statistic is where the draw works; 0 where a client is in a group of share 0.
    pub p_value: f64,
    /// Whether `p_value` is below 0.001: then something lost or moved clients, and no difference can be believed.
    pub mismatch: bool,
}

/// One group of [`SampleRatio`].
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RatioCell {
    /// Which: holdout, heuristic, or an arm.
    pub name: GroupName,
    /// Clients who entered there.
    pub counted: u64,
    /// How many were to be expected.
    pub expected: f64,
}

/// Below this a sample ratio is a mismatch (Fabijan and others 2019): it is looked at often, and is never small by
/// chance alone in a year of looks.
const MISMATCH: f64 = 0.001;

/// Groups that anybody entered.
pub(super) fn groups(tally: &Tally, alpha: f64) -> Vec<Group> {
    let told = tally.names.iter().zip(&tally.groups).filter(|(_, counts)| counts.entered > 0);
    told.map(|(name, counts)| group(name, counts, alpha)).collect()
}

fn group(name: &GroupName, counts: &Counts, alpha: f64) -> Group {
    let compared = counts.whole();
    let stayed = compared.of - compared.count;
    let enough = compared.count.min(stayed) >= LEAST_EVENTS;
    let rate = compared.share();
    let sequence = |rate| confidence_sequence(rate, compared.variance(), MIXTURE, alpha).within(0.0, 1.0);
    Group {
        name: name.clone(),
        entered: counts.entered,
        moved: counts.moved,
        moved_seen: counts.moved_seen,
        immature: counts.immature,
        unknown: counts.unknown,
        compared: compared.of,
        churned: compared.count,
        rate,
        fixed: wilson(compared, alpha),
        sequential: rate.filter(|_| enough).map(sequence),
    }
}

/// Whether what became of clients is unknown equally often for every treatment.
pub(super) fn missing_outcomes(tally: &Tally) -> Option<CountTest> {
    let row = |group: usize| vec![tally.groups[group].unknown, tally.groups[group].whole().of];
    independence(&[row(HOLDOUT), row(HEURISTIC), row(MODEL)])
}

/// Holds who entered against the shares of each regime.
pub(super) fn sample_ratio(cohort: &Cohort, tally: &Tally) -> Option<SampleRatio> {
    let groups: Vec<usize> = [HOLDOUT, HEURISTIC].into_iter().chain(tally.arms()).collect();
    let mut cells: Vec<RatioCell> = groups
        .iter()
        .map(|group| RatioCell { name: tally.names[*group].clone(), counted: 0, expected: 0.0 })
        .collect();
    let (mut statistic, mut degrees, mut impossible) = (0.0, 0, 0);
    for (at, regime) in cohort.regimes.all.iter().enumerate().filter(|(_, regime)| regime.own) {
        let counted: Vec<u64> = groups.iter().map(|group| tally.groups[*group].entered_in[at]).collect();
        let shares: Vec<f64> =
            groups.iter().map(|group| share(&regime.document, &tally.names[*group])).collect();
        let whole = counted.iter().sum::<u64>() as f64;
        for ((cell, counted), share) in cells.iter_mut().zip(&counted).zip(&shares) {
            cell.counted += counted;
            cell.expected += whole * share;
        }
        if let Some(test) = goodness_of_fit(&counted, &shares) {
            statistic += test.statistic;
            degrees += test.degrees;
            impossible += test.impossible;
        }
    }
    cells.retain(|cell| cell.counted > 0 || cell.expected > 0.0);
    if degrees == 0 && impossible == 0 {
        return None;
    }
    let p_value = if impossible > 0 { 0.0 } else { chi_squared_tail(statistic, degrees) };
    Some(SampleRatio { cells, statistic, degrees, p_value, mismatch: p_value < MISMATCH })
}

/// A group's share of all clients under a document, 0 to 1.
fn share(document: &ConfigDocument, name: &GroupName) -> f64 {
    let part = |percentage: Percentage| f64::from(percentage.buckets()) / f64::from(BUCKETS);
    let (holdout, heuristic) = (document.holdout_percentage, document.heuristic_percentage);
    match (name.treatment, &name.model) {
        (Treatment::Holdout, _) => part(holdout),
        (Treatment::Heuristic, _) => part(heuristic),
        (Treatment::Model, model) => {
            let arm = document.arms.iter().find(|arm| Some(&arm.model) == model.as_ref());
            let models = BUCKETS - holdout.buckets() - heuristic.buckets();
            arm.map_or(0.0, |arm| part(arm.percentage) * f64::from(models) / f64::from(BUCKETS))
        }
    }
}
