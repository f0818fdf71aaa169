//! Bounds that every level has to meet: `p99<50ms`, `rate>500`.

use std::str::FromStr;

use super::report::{Level, Report};
use crate::span;

/// One bound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expectation {
    what: What,
    bound: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Rate,
    P50,
    P90,
    P99,
    P999,
    Max,
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected such as `p99<50ms` or `rate>500`, not `{text}`");
        if let Some(rate) = text.strip_prefix("rate>") {
            let bound = rate.trim().parse().ok().filter(|bound: &f64| bound.is_finite());
            return Ok(Self { what: What::Rate, bound: bound.ok_or_else(expected)? });
        }
        let (what, bound) = text.split_once('<').ok_or_else(expected)?;
        let what = match what.trim() {
            "p50" => What::P50,
            "p90" => What::P90,
            "p99" => What::P99,
            "p99.9" => What::P999,
            "max" => What::Max,
            _ => return Err(expected()),
        };
        Ok(Self { what, bound: span::parse(bound.trim())?.as_secs_f64() * 1e3 })
    }
}

impl Expectation {
    /// Every level that does not meet it, in words.
    pub(super) fn broken(&self, report: &Report) -> Vec<String> {
        report.levels.iter().filter_map(|level| self.broken_by(level)).collect()
    }

    fn broken_by(&self, level: &Level) -> Option<String> {
        let (name, value) = match self.what {
            What::Rate => {
                let short = level.rate <= self.bound;
                return short.then(|| {
                    let (rate, bound) = (level.rate, self.bound);
                    format!("{}: rate {rate:.1}/s, expected more than {bound}/s", level.name())
                });
            }
            What::P50 => ("p50", level.latency_ms.map(|latency| latency.p50)),
            What::P90 => ("p90", level.latency_ms.map(|latency| latency.p90)),
            What::P99 => ("p99", level.latency_ms.map(|latency| latency.p99)),
            What::P999 => ("p99.9", level.latency_ms.map(|latency| latency.p99_9)),
            What::Max => ("max", level.latency_ms.map(|latency| latency.max)),
        };
        let told = value.map_or_else(|| "no answer".to_owned(), |value| format!("{value:.2} ms"));
        let slow = value.is_none_or(|value| value >= self.bound);
        slow.then(|| format!("{}: {name} {told}, expected less than {} ms", level.name(), self.bound))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read() {
        let p99: Expectation = "p99<50ms".parse().unwrap();
        assert_eq!(p99, Expectation { what: What::P99, bound: 50.0 });
        let rate: Expectation = "rate>500".parse().unwrap();
        assert_eq!(rate, Expectation { what: What::Rate, bound: 500.0 });
        for wrong in ["p99", "p98<1ms", "rate<5", "p99<50", "rate>NaN", ""] {
            assert!(wrong.parse::<Expectation>().is_err(), "{wrong}");
        }
    }
}
