//! The processor time that this process takes: it shares the machine with what it measures.

use std::time::Duration;

/// Clock ticks a second in `/proc`, which Linux fixes.
const TICKS: u64 = 100;

/// Processor time taken so far, in user and kernel mode, to 10 ms; `None` where the system does not tell.
pub(super) fn taken() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, which may hold spaces, stands in brackets.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<u64> = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    (ticks.len() == 2).then(|| Duration::from_millis(ticks.iter().sum::<u64>() * 1_000 / TICKS))
}
