//! The cohort, counted: one pass over its clients, from which groups, differences and their days are told.

use std::collections::BTreeMap;

use bellwether_core::treatment::Treatment;

use super::GroupName;
use crate::cohort::{Cohort, Mark, Standing};
use crate::statistics::Proportion;

/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;
/// Positions of the treatments among the groups; arms follow.
pub(super) const HOLDOUT: usize = 0;
pub(super) const HEURISTIC: usize = 1;
pub(super) const MODEL: usize = 2;
const TREATMENTS: usize = 3;

/// Counts of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) entered: u64,
    pub(super) moved: u64,
    pub(super) moved_seen: u64,
    pub(super) immature: u64,
    pub(super) unknown: u64,
    /// Churned of compared, by regime.
    pub(super) compared: Vec<Proportion>,
    /// Clients who entered, by regime.
    pub(super) entered_in: Vec<u64>,
}

impl Counts {
    /// Over all regimes.
    pub(super) fn whole(&self) -> Proportion {
        whole(&self.compared)
    }
}

/// Sums proportions up.
pub(super) fn whole(parts: &[Proportion]) -> Proportion {
    parts.iter().fold(Proportion::default(), |sum, part| plus(sum, *part))
}

fn plus(left: Proportion, right: Proportion) -> Proportion {
    Proportion { count: left.count + right.count, of: left.of + right.of }
}

/// Everything counted.
pub(super) struct Tally {
    pub(super) names: Vec<GroupName>,
    pub(super) groups: Vec<Counts>,
    /// Churned of those whose window ended on a day (since 1970), by group and regime; treatments only.
    pub(super) days: BTreeMap<i64, BTreeMap<(usize, usize), Proportion>>,
    pub(super) churned_before: u64,
}

impl Tally {
    pub(super) fn of(cohort: &Cohort) -> Self {
        let regimes = cohort.regimes.all.len();
        let treatments = [Treatment::Holdout, Treatment::Heuristic, Treatment::Model];
        let treatments = treatments.map(|treatment| GroupName { treatment, model: None });
        let arm = |model: &String| GroupName { treatment: Treatment::Model, model: Some(model.clone()) };
        let names: Vec<_> = treatments.into_iter().chain(cohort.arms.iter().map(arm)).collect();
        let none = Counts {
            compared: vec![Proportion::default(); regimes],
            entered_in: vec![0; regimes],
            ..Counts::default()
        };
        let groups = vec![none; names.len()];
        let mut tally = Self { names, groups, days: BTreeMap::new(), churned_before: 0 };
        tally.count(cohort);
        tally
    }

    fn count(&mut self, cohort: &Cohort) {
        let moment = cohort.moment();
        for client in &cohort.clients {
            let regime = usize::from(client.regime);
            let group = position(client.treatment);
            let standing = client.standing(moment, false);
            self.groups[group].add(standing, client.is(Mark::SeenMoved), regime);
            self.churned_before += u64::from(client.is(Mark::ChurnedBefore));
            if let Standing::Compared { churned } = standing {
                let day = (client.exposed_at + moment.window).div_euclid(DAY);
                let cell = self.days.entry(day).or_default().entry((group, regime)).or_default();
                *cell = plus(*cell, Proportion { count: u64::from(churned), of: 1 });
            }
            if client.treatment == Treatment::Model {
                let seen = client.is(Mark::SeenMoved) || client.is(Mark::SeenMovedArm);
                let arm = TREATMENTS + usize::from(client.arm);
                self.groups[arm].add(client.standing(moment, true), seen, regime);
            }
        }
    }

    /// Positions of the arms' groups.
    pub(super) fn arms(&self) -> std::ops::Range<usize> {
        TREATMENTS..self.names.len()
    }

    /// Churned of compared for two groups, by regime.
    pub(super) fn strata(&self, of: usize, to: usize) -> Vec<(Proportion, Proportion)> {
        let pairs = self.groups[of].compared.iter().zip(&self.groups[to].compared);
        pairs.map(|(of, to)| (*of, *to)).collect()
    }
}

impl Counts {
    fn add(&mut self, standing: Standing, seen_moved: bool, regime: usize) {
        self.entered += 1;
        if let Some(entered) = self.entered_in.get_mut(regime) {
            *entered += 1;
        }
        match standing {
            Standing::Moved => {
                self.moved += 1;
                self.moved_seen += u64::from(seen_moved);
            }
            Standing::Immature => self.immature += 1,
            Standing::Unknown => self.unknown += 1,
            Standing::Compared { churned } => {
                if let Some(cell) = self.compared.get_mut(regime) {
                    *cell = plus(*cell, Proportion { count: u64::from(churned), of: 1 });
                }
            }
        }
    }
}

/// A treatment's position among the groups.
pub(super) fn position(treatment: Treatment) -> usize {
    match treatment {
        Treatment::Holdout => HOLDOUT,
        Treatment::Heuristic => HEURISTIC,
        Treatment::Model => MODEL,
    }
}
