//! Intervals that may be looked at as often as one likes: time-uniform confidence sequences by the normal mixture.
//!
//! Robbins (1970) mixes the likelihood ratio of every effect over a normal prior; the mixture is a martingale where
//! there is no effect, and by Ville's inequality it ever reaches 1/α with probability α at most. Johari, Koomen,
//! Pekelis and Walsh (2022) made p-values and intervals for experiments of it; Waudby-Smith, Arbour, Sinha, Kennedy
//! and Ramdas (2024) showed that with variances estimated as one goes it holds as a sequence that is asymptotic in
//! the time of the first look. That is why nothing is told before there are some events on both sides.
//!
//! For a difference of means of two growing groups the covariance of two looks is the later look's variance, however
//! the two grow, so estimate over variance is a Brownian motion in the time 1/variance, which is what is needed here.

use super::Interval;

/// The mixture's standard deviation τ for shares and their differences: the interval is tightest, for α = 0.05, where
/// the estimate's standard error is about τ/3, 1.7 percentage points, and within a quarter of the tightest from 0.1
/// to 5 points. It is fixed here, before any data, as it has to be.
pub const MIXTURE: f64 = 0.05;

/// The interval of one look, for an estimate with this variance (above 0), that holds at all looks together but with
/// probability `alpha`. With s² the variance it reaches √(s²(s²+τ²)/τ² · (2 ln(1/α) + ln(1 + τ²/s²))) to both sides.
pub fn confidence_sequence(estimate: f64, variance: f64, mixture: f64, alpha: f64) -> Interval {
    let ratio = mixture * mixture / variance;
    let reach = (variance * (1.0 + 1.0 / ratio) * (2.0 * (1.0 / alpha).ln() + ratio.ln_1p())).sqrt();
    Interval::around(estimate, reach)
}

/// The p-value that belongs to it, for an effect of 0: below `alpha` where the interval at that `alpha` leaves 0 out.
pub fn always_valid_p(estimate: f64, variance: f64, mixture: f64) -> f64 {
    let ratio = mixture * mixture / variance;
    let log_mixture = 0.5 * (estimate * estimate / variance * ratio / (1.0 + ratio) - ratio.ln_1p());
    (-log_mixture).exp().min(1.0)
}
