//! Chance, handed in so that tests decide it. Time comes in by the store's [`bellwether_store::Clock`].

use std::sync::Arc;

use rand::RngExt;

/// Draws a number from 0 to 1, for jitter.
pub type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Chance as the operating system seeds it.
pub fn thread_chance() -> Chance {
    Arc::new(|| rand::rng().random::<f64>())
}
