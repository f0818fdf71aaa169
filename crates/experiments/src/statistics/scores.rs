//! Probabilities held against what came: log loss, Brier score, and calibration; and whether two models call the
//! same cases.

use super::{Interval, Moments, Proportion, wilson};

/// How far a probability is kept from 0 and 1 in [`log_loss`]: one that is sure and wrong would cost infinitely much.
pub const LOG_LOSS_FLOOR: f64 = 1e-15;

/// Mean and spread of each case's negative log-likelihood, in nats.
pub fn log_loss(scores: &[f64], positive: &[bool]) -> Moments {
    let loss = |(score, came): (&f64, &bool)| {
        let score = score.clamp(LOG_LOSS_FLOOR, 1.0 - LOG_LOSS_FLOOR);
        if *came { -score.ln() } else { -(-score).ln_1p() }
    };
    scores.iter().zip(positive).map(loss).collect()
}

/// Mean and spread of each case's squared error.
pub fn brier(scores: &[f64], positive: &[bool]) -> Moments {
    scores.iter().zip(positive).map(|(score, came)| (score - f64::from(u8::from(*came))).powi(2)).collect()
}

/// Cases whose scores are close to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreBin {
    /// The lowest of their scores.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// The mean.
    pub mean_score: f64,
    /// How many there are, and how many are positive.
    pub came: Proportion,
    /// Wilson's interval of the share that is positive.
    pub interval: Interval,
}

/// Up to `count` bins of cases in order of their scores, of about as many cases each; cases of one score stay
/// together.
pub fn calibration(scores: &[f64], positive: &[bool], count: usize, alpha: f64) -> Vec<ScoreBin> {
    let mut cases: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    cases.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let mut bins = Vec::new();
    let mut from = 0;
    for bin in 1..=count {
        let mut to = (cases.len() * bin / count).max(from);
        while to > from && to < cases.len() && cases[to].0.total_cmp(&cases[to - 1].0).is_eq() {
            to += 1;
        }
        bins.extend(score_bin(&cases[from..to], alpha));
        from = to;
    }
    bins
}

fn score_bin(cases: &[(f64, bool)], alpha: f64) -> Option<ScoreBin> {
    let (low, high) = (cases.first()?.0, cases.last()?.0);
    let came = cases.iter().filter(|(_, came)| *came).count() as u64;
    let came = Proportion { count: came, of: cases.len() as u64 };
    let mean_score = cases.iter().map(|(score, _)| score).sum::<f64>() / cases.len() as f64;
    Some(ScoreBin { low, high, mean_score, came, interval: wilson(came, alpha)? })
}

/// How far two models call the same cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calls {
    /// Share of cases that both call, or neither does; 0 to 1.
    pub same: f64,
    /// Cohen's kappa (1960): `same` beyond what chance would make alike; none where both say one thing of all.
    pub kappa: Option<f64>,
}

/// Holds both models' scores against a cutoff; none without cases.
pub fn calls(left: &[f64], right: &[f64], cutoff: f64) -> Option<Calls> {
    let n = left.len().min(right.len());
    if n == 0 {
        return None;
    }
    let (mut same, mut of_left, mut of_right) = (0_u64, 0_u64, 0_u64);
    for (x, y) in left.iter().zip(right) {
        let (x, y) = (*x >= cutoff, *y >= cutoff);
        same += u64::from(x == y);
        of_left += u64::from(x);
        of_right += u64::from(y);
    }
    let share = |count: u64| count as f64 / n as f64;
    let (same, x, y) = (share(same), share(of_left), share(of_right));
    let by_chance = x * y + (1.0 - x) * (1.0 - y);
    let kappa = (by_chance < 1.0).then(|| (same - by_chance) / (1.0 - by_chance));
    Some(Calls { same, kappa })
}
