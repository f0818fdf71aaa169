//! Why a score is what it is, as bars: what pushes it up to the right, what pulls it down to the left.

use bellwether_core::explain::Explanation;

use super::shown::{percent, typed};

/// So many are shown before the rest is asked for.
const FIRST: usize = 10;
/// Half of a bar's ground, in its own units.
const HALF: f64 = 100.0;
/// The interval that holds the exact value 19 times in 20.
const STANDARD_ERRORS: f64 = 1.96;

/// An explanation as it is shown.
pub(super) struct Why {
    pub(super) base: String,
    pub(super) score: String,
    pub(super) first: Vec<Bar>,
    pub(super) rest: Vec<Bar>,
}

/// What one input does.
pub(super) struct Bar {
    pub(super) feature: String,
    pub(super) given: String,
    /// In percentage points, with its sign.
    pub(super) push: String,
    /// How far it may be off, in percentage points.
    pub(super) error: String,
    pub(super) up: bool,
    pub(super) x: String,
    pub(super) width: String,
    pub(super) from: String,
    pub(super) to: String,
}

impl Why {
    pub(super) fn of(explanation: &Explanation) -> Self {
        let reach = |value: f64, error: f64| value.abs() + STANDARD_ERRORS * error;
        let all = &explanation.contributions;
        let widest = all.iter().map(|one| reach(one.value, one.standard_error)).fold(0.0, f64::max);
        let scale = if widest > 0.0 { HALF / widest } else { 0.0 };
        let mut bars: Vec<_> = all
            .iter()
            .map(|one| {
                let error = STANDARD_ERRORS * one.standard_error;
                let given = typed(&one.given);
                let at = |value: f64| HALF + value * scale;
                Bar {
                    feature: one.feature.clone(),
                    given: if given.is_empty() { "not known".to_owned() } else { given },
                    push: points(one.value),
                    error: format!("{:.1}", error * 100.0),
                    up: one.value >= 0.0,
                    x: number(at(one.value.min(0.0))),
                    width: number((one.value * scale).abs()),
                    from: number(at(one.value - error)),
                    to: number(at(one.value + error)),
                }
            })
            .collect();
        let rest = bars.split_off(bars.len().min(FIRST));
        Self { base: percent(explanation.base), score: percent(explanation.score), first: bars, rest }
    }
}

/// Percentage points with their sign; a true minus, so that it reads as one.
fn points(value: f64) -> String {
    let text = format!("{:.1}", value.abs() * 100.0);
    match text.as_str() {
        "0.0" => text,
        _ if value < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

fn number(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use bellwether_core::explain::Contribution;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_widest_bar_with_its_error_fills_its_half() {
        let one = |feature: &str, value, standard_error| Contribution {
            feature: feature.to_owned(),
            given: json!(null),
            value,
            standard_error,
        };
        let contributions = vec![one("a", -0.1, 0.0), one("b", 0.05, 0.0), one("c", 0.0, 0.0)];
        let why = Why::of(&Explanation { score: 0.25, base: 0.3, contributions, evaluations: 1 });
        assert_eq!((why.base.as_str(), why.score.as_str()), ("30.0 %", "25.0 %"));
        let bar = &why.first[0];
        assert_eq!(
            (bar.push.as_str(), bar.up, bar.x.as_str(), bar.width.as_str()),
            ("−10.0", false, "0.00", "100.00")
        );
        assert_eq!(bar.given, "not known");
        assert_eq!((why.first[1].x.as_str(), why.first[1].width.as_str()), ("100.00", "50.00"));
        assert_eq!((why.first[1].push.as_str(), why.first[2].push.as_str()), ("+5.0", "0.0"));
    }
}
