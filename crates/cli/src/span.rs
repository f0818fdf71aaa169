//! Spans of time as people write and read them: `90d`, `15m`, `250ms`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a whole number and its unit: `ms`, `s`, `m`, `h` or `d`.
///
/// # Errors
/// What was expected, for the command line to say.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a whole number and ms, s, m, h or d, such as 90d, not `{text}`");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(expected)?;
    number.checked_mul(*milliseconds).map(Duration::from_millis).ok_or_else(expected)
}

/// How long ago a moment is, in the largest whole unit; a moment to come is `0s` ago.
pub(crate) fn ago(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    told(now - moment)
}

/// A span in its largest whole unit, from seconds on.
pub(crate) fn told(span: TimeDelta) -> String {
    let milliseconds = u64::try_from(span.num_milliseconds()).unwrap_or(0);
    let unit = UNITS[1..].iter().rev().find(|(_, size)| milliseconds >= *size).unwrap_or(&UNITS[1]);
    format!("{}{}", milliseconds / unit.1, unit.0)
}

/// The moment so long before another.
///
/// # Errors
/// Where the calendar does not reach so far back.
pub(crate) fn before(now: DateTime<Utc>, span: Duration) -> anyhow::Result<DateTime<Utc>> {
    let moment = TimeDelta::from_std(span).ok().and_then(|span| now.checked_sub_signed(span));
    moment.ok_or_else(|| anyhow::anyhow!("{} days ago is before the calendar", span.as_secs() / 86_400))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_unit() {
        assert_eq!(parse("250ms").unwrap(), Duration::from_millis(250));
        assert_eq!(parse("90d").unwrap(), Duration::from_secs(90 * 86_400));
        for wrong in
            ["", "d", "90", "1.5h", "-1s", "9 d", "7w", "99999999999999999999d", "999999999999999999d"]
        {
            assert!(parse(wrong).unwrap_err().contains("such as 90d"), "{wrong}");
        }
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        for (seconds, words) in [(-5, "0s"), (59, "59s"), (60, "1m"), (7_199, "1h"), (200_000, "2d")] {
            assert_eq!(told(TimeDelta::seconds(seconds)), words);
        }
    }
}
