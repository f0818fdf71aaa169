//! Ranks, and Spearman's correlation of them.

/// Each value's rank, from 1; equal ones share their mean rank. Values must not be NaN.
pub fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    // Not `total_cmp`: 0 and −0 are one value.
    #[expect(clippy::float_cmp, reason = "equal values are what is asked for")]
    for run in order.chunk_by(|left, right| values[*left] == values[*right]) {
        let rank = before as f64 + (run.len() + 1) as f64 / 2.0;
        for at in run {
            ranks[*at] = rank;
        }
        before += run.len();
    }
    ranks
}

/// Spearman's rank correlation, −1 to 1: Pearson's of the midranks. None where the two differ in length or one has
/// no two distinct values.
pub fn spearman(left: &[f64], right: &[f64]) -> Option<f64> {
    if left.len() != right.len() {
        return None;
    }
    let (left, right) = (midranks(left), midranks(right));
    let mean = (left.len() + 1) as f64 / 2.0;
    let (mut both, mut of_left, mut of_right) = (0.0, 0.0, 0.0);
    for (x, y) in left.iter().zip(&right) {
        let (x, y) = (x - mean, y - mean);
        both += x * y;
        of_left += x * x;
        of_right += y * y;
    }
    let scale = (of_left * of_right).sqrt();
    (scale > 0.0).then(|| (both / scale).clamp(-1.0, 1.0))
}
