//! What a load met before, during and after an outage, in a line each.

use std::time::{Duration, Instant};

use bellwether_testkit::load::{Met, percentile};

/// The moments of an outage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

/// Prints the figures; answers the calls during the outage that took longer than `slow`.
pub(crate) fn tell(what: &str, met: &Met, outage: Outage, slow: Duration) -> usize {
    let first = met.calls.first().map_or(outage.began, |call| call.sent);
    let last = met.calls.last().map_or(outage.ended, |call| call.sent);
    println!("{what}: {} answered, {} failed", met.answered.len(), met.failures().len());
    let spans = [
        ("before", first, outage.began),
        ("during", outage.began, outage.ended),
        ("after", outage.ended, last),
    ];
    for (name, from, to) in spans {
        let calls = met.between(from, to);
        println!(
            "  {name:<6} {:>6} calls, p50 {:>10.3?}, p99 {:>10.3?}, max {:>10.3?}",
            calls.len(),
            percentile(&calls, 50.0),
            percentile(&calls, 99.0),
            percentile(&calls, 100.0)
        );
    }
    met.between(outage.began, outage.ended).iter().filter(|call| call.took > slow).count()
}
