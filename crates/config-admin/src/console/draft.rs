//! What somebody wants, before it is a proposal, and how its promotion is to be watched.

use bellwether_core::change::Limits;
use bellwether_core::config::ConfigDocument;
use bellwether_core::customer::FieldError;

/// The fewest and the most characters of a reason.
const REASON_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=500;
/// The longest that a version may be watched: a day.
const MAX_BAKE_SECONDS: u64 = 24 * 3600;

/// What somebody wants in production.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The document.
    pub document: ConfigDocument,
    /// The production version that it was made from.
    pub base: u64,
    /// Why: 3 to 500 characters, no control characters but newlines.
    pub reason: String,
    /// Whether it is meant that clients of a running experiment are drawn anew.
    pub confirmed: bool,
}

/// How a promotion is watched.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bake {
    /// For how many seconds, once every replica has it: 1 to 86,400; none is not watched.
    pub seconds: Option<u64>,
    /// What it may not exceed meanwhile.
    pub limits: Limits,
}

impl Bake {
    /// What is wrong with it, every field named.
    pub(crate) fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, field: &str, message: &str| {
            if !holds {
                faults.push(FieldError { field: field.to_owned(), message: message.to_owned() });
            }
        };
        let seconds = self.seconds.is_none_or(|seconds| (1..=MAX_BAKE_SECONDS).contains(&seconds));
        expect(seconds, "bake.seconds", "expected 1 to 86400, or nothing");
        let limits = &self.limits;
        let percents = [
            ("bake.limits.max_failed_percent", limits.max_failed_percent),
            ("bake.limits.min_high_risk_percent", limits.min_high_risk_percent),
            ("bake.limits.max_high_risk_percent", limits.max_high_risk_percent),
            ("bake.limits.max_without_prediction_percent", limits.max_without_prediction_percent),
        ];
        for (field, percent) in percents {
            expect((0.0..=100.0).contains(&percent), field, "expected 0 to 100");
        }
        let ordered = limits.min_high_risk_percent <= limits.max_high_risk_percent;
        expect(ordered, "bake.limits.min_high_risk_percent", "expected no more than max_high_risk_percent");
        let latency = limits.max_p99_ms.is_finite() && limits.max_p99_ms > 0.0;
        expect(latency, "bake.limits.max_p99_ms", "expected more than 0");
        expect(limits.max_silence_seconds > 0, "bake.limits.max_silence_seconds", "expected 1 or more");
        faults
    }
}

/// What is wrong with a reason, if anything.
pub(crate) fn reason_fault(field: &str, reason: &str) -> Option<FieldError> {
    let count = reason.trim().chars().count();
    let printable = reason.chars().all(|c| c == '\n' || !c.is_control());
    let message = if !REASON_CHARACTERS.contains(&count) {
        format!("expected {} to {} characters", REASON_CHARACTERS.start(), REASON_CHARACTERS.end())
    } else if !printable {
        "expected no control characters but newlines".to_owned()
    } else {
        return None;
    };
    Some(FieldError { field: field.to_owned(), message })
}
