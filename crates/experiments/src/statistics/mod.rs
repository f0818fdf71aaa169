//! Statistics by themselves: numbers in, numbers out. What they are computed for belongs to the report or to
//! drift.
//!
//! Each is compared with scipy or statsmodels on fixed data (`tests.rs`); where there are too few
//! data for a statistic to mean anything, the answer is `None`, never a number that looks like one.

mod counts;
mod distributions;
mod interval;
mod moments;
mod proportions;
mod ranks;
mod roc;
mod scores;
mod sequential;
mod shift;

pub use counts::{CountTest, goodness_of_fit, independence};
pub use distributions::{chi_squared_tail, kolmogorov_tail, normal_quantile, normal_two_sided};
pub use interval::Interval;
pub use moments::Moments;
pub use proportions::{Proportion, StratifiedDifference, newcombe, stratified_difference, wilson};
pub use ranks::{midranks, spearman};
pub use roc::{AreaDifference, Areas, roc_curve};
pub use scores::{Calls, LOG_LOSS_FLOOR, ScoreBin, brier, calibration, calls, log_loss};
pub use sequential::{MIXTURE, always_valid_p, confidence_sequence};
pub use shift::{Bins, KolmogorovSmirnov, PSI_FLOOR, kolmogorov_smirnov, stability_index};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
