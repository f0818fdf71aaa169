//! Proportions and their differences, for one look at a moment fixed beforehand: Wilson's interval, Newcombe's
//! hybrid of two of them, and the hybrid's weighted mean over strata.

use super::{Interval, normal_quantile};

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proportion {
    /// How many it is true of; at most `of`.
    pub count: u64,
    /// How many there are.
    pub of: u64,
}

impl Proportion {
    /// The share, 0 to 1; none of nobody.
    pub fn share(&self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }

    /// The variance of the share's estimate, from a share drawn a little towards one half (Laplace), so that it is
    /// not 0 where all or none are counted; infinite of nobody.
    pub fn variance(&self) -> f64 {
        let share = (self.count as f64 + 1.0) / (self.of as f64 + 2.0);
        share * (1.0 - share) / self.of as f64
    }
}

/// Wilson's score interval (1927) that misses with probability `alpha`, 0 to 1 both excluded; none of nobody.
pub fn wilson(proportion: Proportion, alpha: f64) -> Option<Interval> {
    let (share, n) = (proportion.share()?, proportion.of as f64);
    let z = normal_quantile(1.0 - alpha / 2.0);
    let scale = 1.0 + z * z / n;
    let middle = (share + z * z / (2.0 * n)) / scale;
    let reach = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // Rounding must not part the interval from a share of 0 or 1.
    let low = if proportion.count == 0 { 0.0 } else { (middle - reach).max(0.0) };
    let high = if proportion.count == proportion.of { 1.0 } else { (middle + reach).min(1.0) };
    Some(Interval { low, high })
}

/// The share of `of` less the share of `to`, with Newcombe's hybrid score interval (1998, method 10); none of nobody.
pub fn newcombe(of: Proportion, to: Proportion, alpha: f64) -> Option<(f64, Interval)> {
    let (p, q) = (of.share()?, to.share()?);
    let (p_interval, q_interval) = (wilson(of, alpha)?, wilson(to, alpha)?);
    let difference = p - q;
    let low = difference - (p - p_interval.low).hypot(q_interval.high - q);
    let high = difference + (p_interval.high - p).hypot(q - q_interval.low);
    Some((difference, Interval { low, high }.within(-1.0, 1.0)))
}

/// A difference of shares over strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StratifiedDifference {
    /// The mean of the strata's differences, weighted by n₁n₂/(n₁+n₂), −1 to 1.
    pub estimate: f64,
    /// The interval for one look.
    pub fixed: Interval,
    /// The estimate's variance, by [`Proportion::variance`].
    pub variance: f64,
}

/// The risk difference of Mantel and Haenszel (Greenland and Robins 1985) over strata of two proportions. Its
/// interval puts Newcombe's of each stratum together (Zou and Donner 2008); with one stratum it is Newcombe's.
/// Strata without either side say nothing; none where all are so.
pub fn stratified_difference(
    strata: &[(Proportion, Proportion)],
    alpha: f64,
) -> Option<StratifiedDifference> {
    let (mut whole, mut estimate, mut variance, mut below, mut above) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (of, to) in strata {
        let Some((difference, interval)) = newcombe(*of, *to, alpha) else { continue };
        let weight = of.of as f64 * to.of as f64 / (of.of + to.of) as f64;
        whole += weight;
        estimate += weight * difference;
        variance += weight * weight * (of.variance() + to.variance());
        below += (weight * (difference - interval.low)).powi(2);
        above += (weight * (interval.high - difference)).powi(2);
    }
    if whole <= 0.0 {
        return None;
    }
    let estimate = estimate / whole;
    let fixed = Interval { low: estimate - below.sqrt() / whole, high: estimate + above.sqrt() / whole };
    Some(StratifiedDifference {
        estimate,
        fixed: fixed.within(-1.0, 1.0),
        variance: variance / (whole * whole),
    })
}
