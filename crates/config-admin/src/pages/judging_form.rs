//! The form's part about what a document need not say: the limits of drift, the outcome window, the value of a
//! contact. What is left empty is not in the document.

use bellwether_core::config::{ConfigDocument, ContactValue, DriftLimits, OUTCOME_WINDOW_DAYS};
use bellwether_core::customer::FieldError;

use super::document_form::{fault, number};
use crate::access::Fields;

/// The limits of drift: each input's name, which is its path in the document, and its label.
const LIMITS: [(&str, &str); 6] = [
    ("drift.psi", "Population stability index"),
    ("drift.ks", "Kolmogorov-Smirnov distance"),
    ("drift.cramers_v", "Cramér's V"),
    ("drift.missing_change", "Change of the missing share"),
    ("drift.unseen_share", "Share with an unseen level"),
    ("drift.minimum_rows", "Least rows a day"),
];
const WINDOW: (&str, &str) = ("outcome_window_days", "Outcome window in days");
const COST: (&str, &str) = ("contact_value.contact_cost", "Cost of a contact");
const KEPT: (&str, &str) = ("contact_value.kept_share", "Share of the lifetime value kept");

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct JudgingFields {
    limits: [String; 6],
    window: String,
    cost: String,
    kept: String,
}

/// One input.
pub(super) struct JudgingInput<'a> {
    /// Its name, and the path that errors bear.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) value: &'a str,
    /// What holds where it is left empty.
    pub(super) placeholder: String,
}

impl JudgingFields {
    /// What a document says.
    pub(super) fn of(document: &ConfigDocument) -> Self {
        let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let contact = document.contact_value;
        Self {
            limits: document.drift.map(texts).unwrap_or_default(),
            window: document.outcome_window_days.map(|days| days.to_string()).unwrap_or_default(),
            cost: text(contact.map(|value| value.contact_cost)),
            kept: text(contact.map(|value| value.kept_share)),
        }
    }

    /// What was sent.
    pub(super) fn from_fields(fields: &Fields) -> Self {
        let text = |name: &str| fields.first(name).trim().to_owned();
        Self {
            limits: LIMITS.map(|(name, _)| text(name)),
            window: text(WINDOW.0),
            cost: text(COST.0),
            kept: text(KEPT.0),
        }
    }

    /// The inputs for the limits of drift.
    pub(super) fn limits(&self) -> Vec<JudgingInput<'_>> {
        let defaults = texts(DriftLimits::default());
        let inputs = LIMITS.iter().zip(&self.limits).zip(defaults);
        inputs
            .map(|(((name, label), value), placeholder)| JudgingInput { name, label, value, placeholder })
            .collect()
    }

    /// The inputs for experiments.
    pub(super) fn experiments(&self) -> [JudgingInput<'_>; 3] {
        let input = |(name, label), value, placeholder| JudgingInput { name, label, value, placeholder };
        [
            input(WINDOW, &self.window, OUTCOME_WINDOW_DAYS.to_string()),
            input(COST, &self.cost, String::new()),
            input(KEPT, &self.kept, String::new()),
        ]
    }

    /// The limits, where any was typed; the others stand at their defaults.
    pub(super) fn drift(&self, faults: &mut Vec<FieldError>) -> Option<DriftLimits> {
        if self.limits.iter().all(String::is_empty) {
            return None;
        }
        let mut limits = DriftLimits::default();
        let measures = [
            &mut limits.psi,
            &mut limits.ks,
            &mut limits.cramers_v,
            &mut limits.missing_change,
            &mut limits.unseen_share,
        ];
        for ((limit, text), (name, _)) in measures.into_iter().zip(&self.limits).zip(LIMITS) {
            if !text.is_empty() {
                *limit = number(text, name, faults);
            }
        }
        let [.., rows] = &self.limits;
        if !rows.is_empty() {
            limits.minimum_rows = whole(rows, LIMITS[5].0, faults);
        }
        Some(limits)
    }

    /// The outcome window, where one was typed.
    pub(super) fn outcome_window_days(&self, faults: &mut Vec<FieldError>) -> Option<u16> {
        (!self.window.is_empty()).then(|| whole(&self.window, WINDOW.0, faults))
    }

    /// The value of a contact, where it was typed: both numbers or neither.
    pub(super) fn contact_value(&self, faults: &mut Vec<FieldError>) -> Option<ContactValue> {
        if self.cost.is_empty() && self.kept.is_empty() {
            return None;
        }
        let mut read = |text: &str, name| {
            if text.is_empty() {
                faults.push(fault(name, "expected a number, since the other is given".to_owned()));
                return 0.0;
            }
            number(text, name, faults)
        };
        Some(ContactValue { contact_cost: read(&self.cost, COST.0), kept_share: read(&self.kept, KEPT.0) })
    }
}

/// The input that a path is about, where it is one of these.
pub(super) fn anchor(field: &str) -> Option<&'static str> {
    let all = LIMITS.iter().chain([&WINDOW, &COST, &KEPT]);
    let below =
        |name: &str| name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    all.map(|(name, _)| *name).find(|name| below(name))
}

fn texts(limits: DriftLimits) -> [String; 6] {
    let DriftLimits { psi, ks, cramers_v, missing_change, unseen_share, minimum_rows } = limits;
    let [psi, ks, cramers_v, missing, unseen] =
        [psi, ks, cramers_v, missing_change, unseen_share].map(|limit| limit.to_string());
    [psi, ks, cramers_v, missing, unseen, minimum_rows.to_string()]
}

/// A whole number; 1 stands in for what is none.
fn whole<N: std::str::FromStr + From<u8>>(text: &str, field: &str, faults: &mut Vec<FieldError>) -> N {
    text.parse().unwrap_or_else(|_| {
        faults.push(fault(field, format!("expected a whole number, not `{text}`")));
        N::from(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(limits: [&str; 6], [window, cost, kept]: [&str; 3]) -> JudgingFields {
        JudgingFields {
            limits: limits.map(str::to_owned),
            window: window.to_owned(),
            cost: cost.to_owned(),
            kept: kept.to_owned(),
        }
    }

    #[test]
    fn what_is_left_empty_is_not_in_the_document() {
        let (empty, mut faults) = (JudgingFields::default(), Vec::new());
        assert_eq!(empty.drift(&mut faults), None);
        assert_eq!(empty.outcome_window_days(&mut faults), None);
        assert_eq!(empty.contact_value(&mut faults), None);
        assert_eq!(faults, []);
    }

    #[test]
    fn one_limit_brings_the_others_at_their_defaults() {
        let mut faults = Vec::new();
        let limits = typed(["0,3", "", "", "", "", "50"], [""; 3]).drift(&mut faults);
        assert_eq!(limits, Some(DriftLimits { psi: 0.3, minimum_rows: 50, ..DriftLimits::default() }));
        assert_eq!(faults, []);
    }

    #[test]
    fn what_is_no_number_is_named_by_its_input() {
        let fields = typed(["much", "", "", "", "", "1.5"], ["a month", "2", ""]);
        let mut faults = Vec::new();
        fields.drift(&mut faults);
        fields.outcome_window_days(&mut faults);
        fields.contact_value(&mut faults);
        let named: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            named,
            ["drift.psi", "drift.minimum_rows", "outcome_window_days", "contact_value.kept_share"]
        );
    }
}
