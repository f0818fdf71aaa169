//! The area under the ROC curve of several models on the same cases, with its covariance by DeLong, DeLong and
//! Clarke-Pearson (1988), computed from midranks as Sun and Xu (2014) do; and the curve.

use super::{Interval, midranks, normal_quantile, normal_two_sided};

/// Areas of several models on the same cases.
#[derive(Debug, Clone, PartialEq)]
pub struct Areas {
    /// Each model's area, 0 to 1.
    pub areas: Vec<f64>,
    /// Their covariance, models by models.
    pub covariance: Vec<Vec<f64>>,
}

/// Two models' areas beside each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AreaDifference {
    /// The first's less the second's, −1 to 1.
    pub difference: f64,
    /// Its interval.
    pub interval: Interval,
    /// How probable as large a difference is where there is none; none where both order every case alike.
    pub p_value: Option<f64>,
}

impl Areas {
    /// `scores` holds a list for each model, each as long as `positive`, which says what came. None where fewer than
    /// two cases are positive or fewer than two are not: no variance can be had.
    pub fn of(scores: &[Vec<f64>], positive: &[bool]) -> Option<Self> {
        let m = positive.iter().filter(|came| **came).count();
        let n = positive.len() - m;
        if m < 2 || n < 2 || scores.iter().any(|of_model| of_model.len() != positive.len()) {
            return None;
        }
        let placements: Vec<Placements> =
            scores.iter().map(|of_model| Placements::of(of_model, positive)).collect();
        let areas = placements.iter().map(|placed| mean(&placed.of_positives)).collect();
        let row = |left: &Placements| {
            let cell = |right: &Placements| {
                covariance(&left.of_positives, &right.of_positives) / m as f64
                    + covariance(&left.of_negatives, &right.of_negatives) / n as f64
            };
            placements.iter().map(cell).collect()
        };
        Some(Self { areas, covariance: placements.iter().map(row).collect() })
    }

    /// One model's area with its interval that misses with probability `alpha`; none where there is no such model.
    pub fn area(&self, model: usize, alpha: f64) -> Option<(f64, Interval)> {
        let (area, variance) = (*self.areas.get(model)?, *self.covariance.get(model)?.get(model)?);
        let reach = normal_quantile(1.0 - alpha / 2.0) * variance.max(0.0).sqrt();
        Some((area, Interval::around(area, reach).within(0.0, 1.0)))
    }

    /// One model's area less another's; none where there is no such model.
    pub fn difference(&self, of: usize, to: usize, alpha: f64) -> Option<AreaDifference> {
        let cell = |row: usize, column: usize| self.covariance.get(row)?.get(column).copied();
        let difference = self.areas.get(of)? - self.areas.get(to)?;
        let variance = (cell(of, of)? + cell(to, to)? - 2.0 * cell(of, to)?).max(0.0);
        let reach = normal_quantile(1.0 - alpha / 2.0) * variance.sqrt();
        // What is left of a variance of 0 after rounding is no variance.
        let p_value = (variance > 1e-18).then(|| normal_two_sided(difference / variance.sqrt()));
        Some(AreaDifference {
            difference,
            interval: Interval::around(difference, reach).within(-1.0, 1.0),
            p_value,
        })
    }
}

/// For each positive the share of negatives below it, for each negative the share of positives above it, ties by half.
struct Placements {
    of_positives: Vec<f64>,
    of_negatives: Vec<f64>,
}

impl Placements {
    fn of(scores: &[f64], positive: &[bool]) -> Self {
        let pick = |wanted: bool| -> Vec<f64> {
            scores
                .iter()
                .zip(positive)
                .filter(|(_, came)| **came == wanted)
                .map(|(score, _)| *score)
                .collect()
        };
        let (ups, downs) = (pick(true), pick(false));
        let all = midranks(scores);
        let among = |wanted: bool, own: &[f64], others: usize| -> Vec<f64> {
            let ranks = all.iter().zip(positive).filter(|(_, came)| **came == wanted).map(|(rank, _)| rank);
            ranks.zip(midranks(own)).map(|(rank, own)| (rank - own) / others as f64).collect()
        };
        let of_positives = among(true, &ups, downs.len());
        let of_negatives = among(false, &downs, ups.len()).into_iter().map(|below| 1.0 - below).collect();
        Self { of_positives, of_negatives }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn covariance(left: &[f64], right: &[f64]) -> f64 {
    let (of_left, of_right) = (mean(left), mean(right));
    let sum: f64 = left.iter().zip(right).map(|(x, y)| (x - of_left) * (y - of_right)).sum();
    sum / (left.len() - 1) as f64
}

/// The ROC curve from (0, 0) to (1, 1), a corner for each distinct score, as (false positive rate, true positive
/// rate); of many corners about `points` are kept. Empty where all cases came or none did.
pub fn roc_curve(scores: &[f64], positive: &[bool], points: usize) -> Vec<[f64; 2]> {
    let ups = positive.iter().filter(|came| **came).count();
    let downs = positive.len() - ups;
    if ups == 0 || downs == 0 || scores.len() != positive.len() {
        return Vec::new();
    }
    let mut cases: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    cases.sort_unstable_by(|left, right| right.0.total_cmp(&left.0));
    let (mut up, mut down) = (0_usize, 0_usize);
    let mut corners = vec![[0.0, 0.0]];
    #[expect(clippy::float_cmp, reason = "cases of one score make one corner")]
    for run in cases.chunk_by(|left, right| left.0 == right.0) {
        let came = run.iter().filter(|(_, came)| *came).count();
        up += came;
        down += run.len() - came;
        corners.push([down as f64 / downs as f64, up as f64 / ups as f64]);
    }
    let step = corners.len().div_ceil(points.max(2));
    let last = corners.len() - 1;
    let kept = corners.into_iter().enumerate().filter(|(at, _)| at % step == 0 || *at == last);
    kept.map(|(_, corner)| corner).collect()
}
