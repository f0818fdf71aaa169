//! What became of the requests of one level.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::call::Failure;
use super::report::{Latency, Second};

/// The longest latency that is told apart, in microseconds; a longer one counts as this.
const LONGEST: u64 = 600_000_000;

/// Counts requests that were due from one moment to another.
pub(super) struct Tally {
    from: Instant,
    to: Instant,
    /// Of answers, in microseconds, from when the request was due.
    latencies: Histogram<u64>,
    seconds: Vec<SecondTally>,
    errors: BTreeMap<Failure, u64>,
    /// Answers that arrived by `to`.
    arrived: u64,
}

struct SecondTally {
    latencies: Histogram<u64>,
    errors: u64,
}

impl Tally {
    /// Counts what is due from `from` on, for `span`.
    ///
    /// # Errors
    /// Never: the bounds of the histograms are fixed.
    pub(super) fn new(from: Instant, span: Duration) -> anyhow::Result<Self> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a span in seconds")]
        let seconds = span.as_secs_f64().ceil() as usize;
        let second = |_| Ok(SecondTally { latencies: Histogram::new_with_bounds(1, LONGEST, 2)?, errors: 0 });
        Ok(Self {
            from,
            to: from + span,
            latencies: Histogram::new_with_bounds(1, LONGEST, 3)?,
            seconds: (0..seconds).map(second).collect::<anyhow::Result<_>>()?,
            errors: BTreeMap::new(),
            arrived: 0,
        })
    }

    /// Takes one request into account; one that was due before or after is not counted.
    pub(super) fn add(&mut self, due: Instant, done: Instant, outcome: Result<(), Failure>) {
        if due < self.from || due >= self.to {
            return;
        }
        let second = usize::try_from((due - self.from).as_secs()).unwrap_or(usize::MAX);
        let Some(second) = self.seconds.get_mut(second) else { return };
        match outcome {
            Ok(()) => {
                let took = u64::try_from((done - due).as_micros()).unwrap_or(LONGEST);
                self.latencies.saturating_record(took);
                second.latencies.saturating_record(took);
                self.arrived += u64::from(done <= self.to);
            }
            Err(failure) => {
                second.errors += 1;
                *self.errors.entry(failure).or_default() += 1;
            }
        }
    }

    /// How many requests were counted.
    pub(super) fn requests(&self) -> u64 {
        self.latencies.len() + self.errors.values().sum::<u64>()
    }

    /// Answers a second.
    pub(super) fn rate(&self) -> f64 {
        self.arrived as f64 / (self.to - self.from).as_secs_f64()
    }

    /// Failures by what is told of them.
    pub(super) fn errors(&self) -> BTreeMap<String, u64> {
        self.errors.iter().map(|(failure, count)| (failure.reason(), *count)).collect()
    }

    /// The latencies; `None` where nothing was answered.
    pub(super) fn latency(&self) -> Option<Latency> {
        let latencies = &self.latencies;
        let at = |quantile| milliseconds(latencies.value_at_quantile(quantile));
        (!latencies.is_empty()).then(|| Latency {
            mean: latencies.mean() / 1e3,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: milliseconds(latencies.max()),
        })
    }

    /// Second by second.
    pub(super) fn timeline(&self) -> Vec<Second> {
        let second = |(at, second): (usize, &SecondTally)| Second {
            at: at as u64,
            answers: second.latencies.len(),
            errors: second.errors,
            p99_ms: (!second.latencies.is_empty())
                .then(|| milliseconds(second.latencies.value_at_quantile(0.99))),
        };
        self.seconds.iter().enumerate().map(second).collect()
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn latency_counts_from_when_a_request_was_due_and_failures_do_not_count_as_answers() {
        let from = Instant::now();
        let ms = Duration::from_millis;
        let mut tally = Tally::new(from, ms(2_000)).unwrap();
        for n in 0..99 {
            tally.add(from + ms(n), from + ms(n + 10), Ok(()));
        }
        tally.add(from + ms(1_500), from + ms(2_500), Ok(()));
        tally.add(from + ms(1_600), from + ms(1_601), Err(Failure::Status(503)));
        let warming_up = from.checked_sub(ms(1)).unwrap();
        tally.add(warming_up, from + ms(1), Ok(()));
        tally.add(from + ms(2_000), from + ms(2_001), Err(Failure::Timeout));
        assert_eq!(tally.requests(), 101);
        assert!(
            (tally.rate() - 49.5).abs() < 1e-9,
            "an answer after the end is none a second: {}",
            tally.rate()
        );
        let latency = tally.latency().unwrap();
        assert!((latency.p50 - 10.0).abs() < 0.1 && (latency.max - 1_000.0).abs() < 1.0, "{latency:?}");
        assert_eq!(tally.errors(), BTreeMap::from([("status 503".to_owned(), 1)]));
        let timeline = tally.timeline();
        assert_eq!((timeline.len(), timeline[1].answers, timeline[1].errors), (2, 1, 1));
    }
}
