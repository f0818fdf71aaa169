//! Mean and variance of numbers as they come (Welford 1962).

use super::{Interval, normal_quantile};

/// What is known of numbers so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds a number.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let from_mean = value - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (value - self.mean);
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; 0 of none.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The variance of the mean's estimate; none of fewer than two.
    pub fn variance_of_mean(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64 / self.count as f64)
    }

    /// The mean's normal interval that misses with probability `alpha`; none of fewer than two.
    pub fn interval(&self, alpha: f64) -> Option<Interval> {
        let reach = normal_quantile(1.0 - alpha / 2.0) * self.variance_of_mean()?.sqrt();
        Some(Interval::around(self.mean, reach))
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        for value in values {
            moments.push(value);
        }
        moments
    }
}
