//! When a job that failed is tried again, and when it is given up.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Backoff that doubles, with jitter, within a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// From its queueing on, a job is tried for so long.
    pub span: Duration,
    /// So many deliveries in a row may end with the worker's death or a panic.
    pub crashes: u32,
}

impl Default for RetryPolicy {
    /// 1 second to 15 minutes, for 24 hours; 3 crashes.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_mins(15),
            span: Duration::from_hours(24),
            crashes: 3,
        }
    }
}

/// What comes after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again then.
    Again(DateTime<Utc>),
    /// Its time is up.
    Over,
}

impl RetryPolicy {
    /// What comes after a job's failure number `attempts` (from 1), for a job that was queued at
    /// `queued_at`. `chance`, from 0 to 1, spreads jobs that failed together: the wait is drawn from the
    /// upper half of the backoff. The last try falls on the end of the span, not before it.
    pub fn after(&self, attempts: u32, queued_at: DateTime<Utc>, now: DateTime<Utc>, chance: f64) -> Next {
        let end = queued_at + delta(self.span);
        if now >= end {
            return Next::Over;
        }
        Next::Again((now + delta(self.wait(attempts, chance))).min(end))
    }

    /// The wait after failure number `attempts`, from `first` to `longest`.
    pub fn wait(&self, attempts: u32, chance: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let backoff = self.first.saturating_mul(doubled).min(self.longest);
        backoff.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0).max(self.first)
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
#[path = "retry_policy_tests.rs"]
mod tests;
