//! When to stop asking a server that does not answer.

use std::sync::atomic::{AtomicU32, Ordering};

/// What one failure weighs; a success takes 1 away.
const FAILURE: u32 = 10;
/// Three failures in a row reach it, and so does, in a while, one failure in eleven calls: a cluster of which
/// one node hangs fails some calls only, and never three in a row.
const TOO_MUCH: u32 = 28;

/// Weighs how calls went of late.
#[derive(Debug, Default)]
pub(super) struct Trouble(AtomicU32);

impl Trouble {
    /// A call went well.
    pub(super) fn worked(&self) {
        // Mostly there is no trouble, and then nothing is written that other threads read.
        if self.0.load(Ordering::Relaxed) > 0 {
            let lighter = |weight: u32| weight.checked_sub(1);
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lighter);
        }
    }

    /// A call failed; answers whether that was one too many, and forgets all if so.
    pub(super) fn failed(&self) -> bool {
        if self.0.fetch_add(FAILURE, Ordering::Relaxed) + FAILURE < TOO_MUCH {
            return false;
        }
        self.0.store(0, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_are_too_much_and_two_are_not() {
        let trouble = Trouble::default();
        assert!(!trouble.failed());
        assert!(!trouble.failed());
        assert!(trouble.failed());
        assert!(!trouble.failed(), "it starts anew");
    }

    #[test]
    fn one_failure_in_three_is_too_much_and_one_in_twenty_is_not() {
        let opens = |calls_a_failure: u32| {
            let trouble = Trouble::default();
            (0..1_000).any(|_| {
                (1..calls_a_failure).for_each(|_| trouble.worked());
                trouble.failed()
            })
        };
        assert!(opens(3));
        assert!(!opens(20));
    }
}
