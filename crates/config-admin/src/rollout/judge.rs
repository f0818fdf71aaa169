//! Whether what a version answers stays within the limits that it was promoted with.

use bellwether_core::change::Limits;
use bellwether_store::Traffic;

/// Which limits are exceeded, one sentence each. Nothing is judged before there are enough answers.
pub(super) fn exceeded(limits: &Limits, traffic: &Traffic) -> Vec<String> {
    let all = traffic.answered.saturating_add(traffic.failed);
    if all == 0 || all < limits.min_answers {
        return Vec::new();
    }
    let mut exceeded = Vec::new();
    let failed = percent(traffic.failed, all);
    if failed > limits.max_failed_percent {
        let most = limits.max_failed_percent;
        exceeded.push(format!("{failed:.1} percent of {all} answers failed, over {most}"));
    }
    if let Some(p99) = traffic.p99_ms().filter(|p99| *p99 > limits.max_p99_ms) {
        let most = limits.max_p99_ms;
        exceeded.push(format!("the 99th percentile of the time to an answer is {p99:.0} ms, over {most}"));
    }
    let without = percent(traffic.without_prediction, traffic.answered);
    if without > limits.max_without_prediction_percent {
        let most = limits.max_without_prediction_percent;
        let answered = traffic.answered;
        exceeded.push(format!("{without:.1} percent of {answered} answers have no prediction, over {most}"));
    }
    let predictions = traffic.answered.saturating_sub(traffic.without_prediction);
    if predictions > 0 {
        let high = percent(traffic.high_risk, predictions);
        let (least, most) = (limits.min_high_risk_percent, limits.max_high_risk_percent);
        if high > most {
            exceeded.push(format!(
                "{high:.1} percent of {predictions} predictions are of high risk, over {most}"
            ));
        } else if high < least {
            exceeded.push(format!(
                "{high:.1} percent of {predictions} predictions are of high risk, under {least}"
            ));
        }
    }
    exceeded
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn traffic(answered: u64, failed: u64, high_risk: u64, without_prediction: u64) -> Traffic {
        let begun = Traffic::begun(2, DateTime::UNIX_EPOCH);
        Traffic { answered, failed, high_risk, without_prediction, ..begun }
    }

    fn limits() -> Limits {
        Limits {
            min_high_risk_percent: 5.0,
            max_high_risk_percent: 60.0,
            max_without_prediction_percent: 20.0,
            ..Limits::default()
        }
    }

    #[test]
    fn what_stays_within_its_limits_exceeds_none() {
        assert!(exceeded(&limits(), &traffic(1_000, 10, 300, 100)).is_empty());
    }

    #[test]
    fn each_limit_is_told_by_itself() {
        let mut slow = traffic(1_000, 0, 300, 0);
        slow.latency[Traffic::bucket(std::time::Duration::from_secs(4))] = 1_000;
        let cases = [
            (traffic(980, 20, 300, 0), "2.0 percent of 1000 answers failed, over 1"),
            (slow, "the 99th percentile"),
            (traffic(1_000, 0, 300, 210), "21.0 percent of 1000 answers have no prediction, over 20"),
            (traffic(1_000, 0, 610, 0), "61.0 percent of 1000 predictions are of high risk, over 60"),
            (traffic(1_000, 0, 40, 0), "4.0 percent of 1000 predictions are of high risk, under 5"),
            // Of predictions, not of answers.
            (traffic(1_000, 0, 500, 200), "62.5 percent of 800 predictions are of high risk, over 60"),
        ];
        for (traffic, told) in cases {
            let exceeded = exceeded(&limits(), &traffic);
            assert_eq!(exceeded.len(), 1, "{exceeded:?}");
            assert!(exceeded[0].starts_with(told), "{exceeded:?}");
        }
    }

    #[test]
    fn nothing_is_judged_by_too_few_answers() {
        assert!(exceeded(&limits(), &traffic(98, 1, 98, 0)).is_empty());
        assert!(!exceeded(&limits(), &traffic(99, 1, 98, 0)).is_empty());
        let all = Limits { min_answers: 0, ..limits() };
        assert!(exceeded(&all, &traffic(0, 0, 0, 0)).is_empty(), "of none there is no share");
    }
}
