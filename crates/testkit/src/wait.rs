//! Waiting for what another process does: asked again and again, up to a bound.

use std::time::{Duration, Instant};

/// Asks until the answer is yes.
///
/// # Panics
/// If it is not within `bound`; `what` says what was waited for.
pub async fn until<F: Future<Output = bool>>(what: &str, bound: Duration, mut ask: impl FnMut() -> F) {
    let begun = Instant::now();
    while !ask().await {
        assert!(begun.elapsed() < bound, "not within {bound:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
