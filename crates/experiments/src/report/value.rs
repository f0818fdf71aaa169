//! What a treatment was worth: lifetime values of those who stayed, less what contacts cost.

use serde::Serialize;

use super::differences::TREATMENT_PAIRS;
use super::tally::{Tally, position};
use super::{Estimate, GroupName, LEAST_CLIENTS};
use crate::cohort::{Cohort, Mark, Standing};
use crate::statistics::{Interval, Moments, normal_quantile};

/// One group's value a client: the LTV at the first prediction where the client stayed, less the contact's cost where
/// one of the client's predictions within the window was of high risk. As observed.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct GroupValue {
    /// Which.
    pub name: GroupName,
    /// Clients compared.
    pub clients: u64,
    /// Those of them who were of high risk, and are taken to have been contacted once.
    pub contacted: u64,
    /// Those whose lifetime value was 0, which is also told where it is unknown.
    pub without_ltv: u64,
    /// The value a client, with the normal interval of its mean; null where there are too few.
    pub value: Option<Estimate>,
}

/// The value a client of one group less that of another.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ValueDifference {
    /// Whose.
    pub of: GroupName,
    /// Less whose.
    pub to: GroupName,
    /// The difference with a normal interval, right for one look at a moment fixed beforehand; weighted over settings
    /// of shares as differences in churn are. Null where there are too few.
    pub value: Option<Estimate>,
}

/// One group's values, by regime.
#[derive(Clone, Default)]
struct Kept {
    contacted: u64,
    without_ltv: u64,
    whole: Moments,
    by_regime: Vec<Moments>,
}

/// Values of every group that has clients compared, and differences between treatments.
pub(super) fn values(cohort: &Cohort, tally: &Tally) -> (Vec<GroupValue>, Vec<ValueDifference>) {
    let kept = kept(cohort, tally);
    let alpha = cohort.spec.alpha;
    let told = tally.names.iter().zip(&kept).filter(|(_, kept)| kept.whole.count() > 0);
    let told = told.map(|(name, kept)| GroupValue {
        name: name.clone(),
        clients: kept.whole.count(),
        contacted: kept.contacted,
        without_ltv: kept.without_ltv,
        value: mean_of(&kept.whole, alpha),
    });
    let pairs = TREATMENT_PAIRS.into_iter();
    let pairs = pairs.filter(|(of, to)| kept[*of].whole.count() > 0 && kept[*to].whole.count() > 0);
    let differences = pairs.map(|(of, to)| ValueDifference {
        of: tally.names[of].clone(),
        to: tally.names[to].clone(),
        value: difference(&kept[of].by_regime, &kept[to].by_regime, alpha),
    });
    (told.collect(), differences.collect())
}

fn kept(cohort: &Cohort, tally: &Tally) -> Vec<Kept> {
    let empty = Kept { by_regime: vec![Moments::default(); cohort.regimes.all.len()], ..Kept::default() };
    let mut kept = vec![empty; tally.names.len()];
    let moment = cohort.moment();
    for client in &cohort.clients {
        let treatment = position(client.treatment);
        let arm = tally.arms().start + usize::from(client.arm);
        let is_of_arm = client.treatment == bellwether_core::treatment::Treatment::Model;
        for (group, of_arm) in [(treatment, false), (arm, true)].into_iter().take(1 + usize::from(is_of_arm))
        {
            let Standing::Compared { churned } = client.standing(moment, of_arm) else { continue };
            let contacted = client.is(Mark::HighRisk);
            let stays = if churned { 0.0 } else { client.ltv };
            let cost = if contacted { cohort.spec.contact_cost } else { 0.0 };
            let of_group = &mut kept[group];
            of_group.contacted += u64::from(contacted);
            of_group.without_ltv += u64::from(client.ltv == 0.0);
            of_group.whole.push(stays - cost);
            if let Some(in_regime) = of_group.by_regime.get_mut(usize::from(client.regime)) {
                in_regime.push(stays - cost);
            }
        }
    }
    kept
}

/// A mean with its normal interval; none of fewer than [`LEAST_CLIENTS`].
pub(super) fn mean_of(moments: &Moments, alpha: f64) -> Option<Estimate> {
    let enough = moments.count() >= LEAST_CLIENTS;
    moments.interval(alpha).filter(|_| enough).map(|interval| Estimate { value: moments.mean(), interval })
}

/// The difference of means over regimes, weighted by n₁n₂/(n₁+n₂).
fn difference(of: &[Moments], to: &[Moments], alpha: f64) -> Option<Estimate> {
    let (mut whole, mut value, mut variance, mut clients) = (0.0, 0.0, 0.0, (0, 0));
    for (of, to) in of.iter().zip(to) {
        let (Some(of_variance), Some(to_variance)) = (of.variance_of_mean(), to.variance_of_mean()) else {
            continue;
        };
        let weight = of.count() as f64 * to.count() as f64 / (of.count() + to.count()) as f64;
        whole += weight;
        value += weight * (of.mean() - to.mean());
        variance += weight * weight * (of_variance + to_variance);
        clients = (clients.0 + of.count(), clients.1 + to.count());
    }
    if clients.0.min(clients.1) < LEAST_CLIENTS {
        return None;
    }
    let (value, deviation) = (value / whole, variance.sqrt() / whole);
    let reach = normal_quantile(1.0 - alpha / 2.0) * deviation;
    Some(Estimate { value, interval: Interval::around(value, reach) })
}
