//! Waits out a mail server that is away.

use std::sync::Mutex;
use std::time::Duration;

use bellwether_jobs::{Chance, RetryPolicy};
use tokio::sync::MutexGuard;

/// The longest wait from one probe to the next: so soon after the server is back everything flows again.
const LONGEST: Duration = Duration::from_secs(15);

/// Lets everyone through while the server is there, and one at a time, ever more slowly, while it is away.
///
/// So an outage costs a probe every 15 seconds and no job an attempt; the others wait where they are, and
/// the queue keeps what nobody has taken yet.
pub struct Outage {
    failures: Mutex<u32>,
    probe: tokio::sync::Mutex<()>,
    chance: Chance,
}

/// Leave to try. Whoever probes holds the others up until it is dropped.
pub struct Leave<'a>(Option<MutexGuard<'a, ()>>);

impl Leave<'_> {
    /// Whether this try is the one that tells if the server is back.
    pub fn is_probe(&self) -> bool {
        self.0.is_some()
    }
}

impl Outage {
    /// No outage so far.
    pub fn new(chance: Chance) -> Self {
        Self { failures: Mutex::default(), probe: tokio::sync::Mutex::default(), chance }
    }

    /// Waits until it makes sense to try.
    pub async fn leave(&self) -> Leave<'_> {
        if self.failures() == 0 {
            return Leave(None);
        }
        let turn = self.probe.lock().await;
        let failures = self.failures();
        if failures == 0 {
            return Leave(None);
        }
        let backoff = RetryPolicy { longest: LONGEST, ..RetryPolicy::default() };
        tokio::time::sleep(backoff.wait(failures, (self.chance)())).await;
        Leave(Some(turn))
    }

    /// The server was reached.
    pub fn over(&self) {
        let failures = std::mem::take(&mut *self.lock());
        if failures > 0 {
            tracing::info!(failures, "the mail server is back");
        }
    }

    /// The server was not reached.
    pub fn goes_on(&self, leave: &Leave<'_>, why: &str) {
        let mut failures = self.lock();
        if *failures == 0 {
            tracing::warn!(why, "the mail server is away: emails wait");
        }
        // Those who were let through together and failed together are one failure.
        if *failures == 0 || leave.is_probe() {
            *failures = failures.saturating_add(1);
        }
    }

    fn failures(&self) -> u32 {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, u32> {
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
