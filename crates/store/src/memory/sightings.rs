//! Sightings in memory: a ring of counters for each client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use moka::future::Cache;
use moka::policy::EvictionPolicy;

use crate::{Sightings, StoreError};

/// A counter covers a sixtieth of the window.
const SLOTS: i64 = 60;
/// The sixty of the window, and the one that it is leaving.
const COUNTERS: usize = 61;
/// No window is longer.
const IDLE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Counts sightings for one process. No sighting within the window is missed; one is forgotten up to
/// 1/60 of the window late. Past the bound on clients those seen longest ago are forgotten whole. A
/// window that changes keeps what was counted, to the same precision.
pub struct MemorySightings {
    clients: Cache<String, Arc<Mutex<Ring>>>,
}

impl MemorySightings {
    /// Remembers up to `clients` clients, at about 400 bytes each.
    pub fn new(clients: u64) -> Self {
        Self {
            clients: Cache::builder()
                .max_capacity(clients)
                .time_to_idle(IDLE)
                // The default policy may keep turning newcomers away once it is full.
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        }
    }
}

/// Remembers 100,000 clients.
impl Default for MemorySightings {
    fn default() -> Self {
        Self::new(100_000)
    }
}

#[async_trait]
impl Sightings for MemorySightings {
    async fn see(&self, client_id: &str, window: Duration, now: DateTime<Utc>) -> Option<u64> {
        let ring = self.clients.get_with_by_ref(client_id, async { Arc::default() }).await;
        // Counters are whole even if a holder panicked.
        let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
        Some(ring.see(window, now))
    }

    async fn erase(&self, client_id: &str) -> Result<bool, StoreError> {
        Ok(self.clients.remove(client_id).await.is_some())
    }
}

/// Counters of the slots `newest - SLOTS ..= newest`, a slot being `now / width`.
struct Ring {
    /// A slot's length in microseconds.
    width: i64,
    newest: i64,
    counts: [u32; COUNTERS],
}

impl Default for Ring {
    fn default() -> Self {
        Self { width: 1, newest: 0, counts: [0; COUNTERS] }
    }
}

impl Ring {
    /// Answers earlier sightings within the window, and counts one now.
    fn see(&mut self, window: Duration, now: DateTime<Utc>) -> u64 {
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        // Rounded up, so that the ring never covers less than the window.
        let width = (window / SLOTS + i64::from(window % SLOTS != 0)).max(1);
        if width != self.width {
            self.rescale(width);
        }
        // A clock that was set back counts into the newest slot.
        self.advance((now.timestamp_micros().div_euclid(width)).max(self.newest));
        let earlier = self.counts.iter().map(|count| u64::from(*count)).sum();
        let at = place(self.newest);
        self.counts[at] = self.counts[at].saturating_add(1);
        earlier
    }

    /// Makes `newest` the newest slot, and forgets those that fall out.
    fn advance(&mut self, newest: i64) {
        let passed = newest.saturating_sub(self.newest);
        if passed > SLOTS {
            self.counts = [0; COUNTERS];
        } else {
            for slot in self.newest + 1..=newest {
                self.counts[place(slot)] = 0;
            }
        }
        self.newest = newest;
    }

    /// Moves what was counted into slots of another width.
    fn rescale(&mut self, width: i64) {
        let start = |slot: i64| slot.saturating_mul(self.width).div_euclid(width);
        let mut scaled = Self { width, newest: start(self.newest), ..Self::default() };
        for slot in self.newest.saturating_sub(SLOTS)..=self.newest {
            let to = start(slot);
            if scaled.newest - to <= SLOTS {
                let count = &mut scaled.counts[place(to)];
                *count = count.saturating_add(self.counts[place(slot)]);
            }
        }
        *self = scaled;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder lies in 0 to SLOTS")]
fn place(slot: i64) -> usize {
    slot.rem_euclid(SLOTS + 1) as usize
}

#[cfg(test)]
#[path = "sightings_tests.rs"]
mod tests;
