//! How far a sample lies from a distribution that is known by its percentiles: Kolmogorov and Smirnov's
//! distance, and the population stability index over bins.

use serde::Serialize;

use super::kolmogorov_tail;

/// The least share of a bin in [`stability_index`]: an empty bin has no logarithm.
pub const PSI_FLOOR: f64 = 1e-4;

/// The largest distance between a sample's distribution function and the known one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct KolmogorovSmirnov {
    /// The distance, 0 to 1. The known function is read from percentiles, so some 0.01 of it may be theirs.
    pub distance: f64,
    /// How probable as large a distance is for a sample of the known distribution, by Kolmogorov's limit; too
    /// large for a distribution with few distinct values. 0 to 1.
    pub p_value: f64,
    /// How many values.
    pub rows: u64,
}

/// A sample against a distribution known by `quantiles`: ascending and finite, the first the least and the last
/// the largest value, evenly spaced in probability. Between two of them it is straight; where several are equal
/// it has a step. `sorted` is the sample, ascending and finite. None where either has too few: one value, two
/// quantiles.
pub fn kolmogorov_smirnov(sorted: &[f64], quantiles: &[f64]) -> Option<KolmogorovSmirnov> {
    if sorted.is_empty() || quantiles.len() < 2 {
        return None;
    }
    let n = sorted.len() as f64;
    let mut distance = 0.0_f64;
    // Both functions are monotone and one is flat between its steps, so the farthest point is on a side of a
    // step of either.
    for of in steps(sorted).chain(steps(quantiles)) {
        let (below, until) = reached(quantiles, of);
        let (less, no_more) = (sorted.partition_point(|v| *v < of), sorted.partition_point(|v| *v <= of));
        distance = distance.max((less as f64 / n - below).abs()).max((no_more as f64 / n - until).abs());
    }
    let p_value = kolmogorov_tail(n.sqrt() * distance);
    Some(KolmogorovSmirnov { distance, p_value, rows: sorted.len() as u64 })
}

/// Each distinct value of an ascending list.
fn steps(ascending: &[f64]) -> impl Iterator<Item = f64> + '_ {
    ascending.chunk_by(|left, right| left.total_cmp(right).is_eq()).filter_map(|run| run.first().copied())
}

/// The known distribution function below a value and at it: they differ where it has a step.
fn reached(quantiles: &[f64], value: f64) -> (f64, f64) {
    let last = (quantiles.len() - 1) as f64;
    let (less, no_more) =
        (quantiles.partition_point(|q| *q < value), quantiles.partition_point(|q| *q <= value));
    if less < no_more {
        return (less as f64 / last, (no_more - 1) as f64 / last);
    }
    match (less.checked_sub(1).and_then(|at| quantiles.get(at)), quantiles.get(less)) {
        (None, _) => (0.0, 0.0),
        (_, None) => (1.0, 1.0),
        (Some(low), Some(high)) => {
            let reached = ((less - 1) as f64 + (value - low) / (high - low)) / last;
            (reached, reached)
        }
    }
}

/// Bins of a distribution that is known by its quantiles, of about equal shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// Ends of all bins but the last, which has none; ascending and distinct. A bin holds its end.
    pub ends: Vec<f64>,
    /// Each bin's share of the known distribution, one more than `ends`; they sum to 1.
    pub shares: Vec<f64>,
}

impl Bins {
    /// Up to `count` bins of a distribution known by quantiles, as in [`kolmogorov_smirnov`]. Where many values
    /// are equal there are fewer, and less equal. None for fewer than two quantiles or no bins.
    pub fn of(quantiles: &[f64], count: usize) -> Option<Self> {
        if quantiles.len() < 2 || count == 0 {
            return None;
        }
        let last = quantiles.len() - 1;
        let mut ends: Vec<f64> =
            (1..count).filter_map(|bin| quantiles.get(last * bin / count).copied()).collect();
        ends.dedup();
        // A bin beyond the largest value would be expected empty.
        ends.retain(|end| reached(quantiles, *end).1 < 1.0);
        let mut shares = Vec::with_capacity(ends.len() + 1);
        let mut before = 0.0;
        for end in &ends {
            let until = reached(quantiles, *end).1;
            shares.push(until - before);
            before = until;
        }
        shares.push(1.0 - before);
        Some(Self { ends, shares })
    }

    /// The bin of a value.
    pub fn bin(&self, value: f64) -> usize {
        self.ends.partition_point(|end| *end < value)
    }

    /// How many values fall into each bin.
    pub fn counts(&self, values: impl IntoIterator<Item = f64>) -> Vec<u64> {
        let mut counts = vec![0; self.shares.len()];
        for value in values {
            if let Some(count) = counts.get_mut(self.bin(value)) {
                *count += 1;
            }
        }
        counts
    }
}

/// The population stability index: Σ (a − e) · ln(a / e) over bins, `a` the observed share and `e` the expected,
/// neither below [`PSI_FLOOR`]. By convention below 0.1 is steady and above 0.2 or 0.25 is a shift. None where
/// nothing was observed or expected, or the two differ in length.
pub fn stability_index(observed: &[u64], shares: &[f64]) -> Option<f64> {
    let counted: u64 = observed.iter().sum();
    let whole: f64 = shares.iter().sum();
    if observed.len() != shares.len() || counted == 0 || whole <= 0.0 || !whole.is_finite() {
        return None;
    }
    let parts = observed.iter().zip(shares).map(|(count, share)| {
        let (actual, expected) = (*count as f64 / counted as f64, share / whole);
        let (actual, expected) = (actual.max(PSI_FLOOR), expected.max(PSI_FLOOR));
        (actual - expected) * (actual / expected).ln()
    });
    Some(parts.sum())
}
