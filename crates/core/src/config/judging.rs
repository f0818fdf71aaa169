//! By what production is judged: when inputs have drifted, how long an outcome is waited for, and what a contact is
//! worth. Nothing here changes an answer.

use serde::{Deserialize, Serialize};

use super::fault;
use crate::customer::FieldError;

/// How many days an outcome is waited for where config does not say.
pub const OUTCOME_WINDOW_DAYS: u16 = 30;
const MAX_OUTCOME_WINDOW_DAYS: u16 = 365;
const MAX_PSI: f64 = 10.0;
const MAX_ROWS: u64 = 10_000_000;
const MAX_COST: f64 = 1e9;

/// From where on production has drifted from training. A measure that is above its limit is told; what is left out
/// stands at its default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftLimits {
    /// Greatest population stability index of a feature or the score: 0 to 10; 0.2 unless set.
    #[schema(minimum = 0, maximum = 10)]
    pub psi: f64,
    /// Greatest Kolmogorov-Smirnov distance of a number or the score: 0 to 1; 0.1 unless set.
    #[schema(minimum = 0, maximum = 1)]
    pub ks: f64,
    /// Greatest effect size (Cramér's V) of a category or a date: 0 to 1; 0.1 unless set.
    #[schema(minimum = 0, maximum = 1)]
    pub cramers_v: f64,
    /// Greatest change of the share of rows without a value, up or down: 0 to 1; 0.05 unless set.
    #[schema(minimum = 0, maximum = 1)]
    pub missing_change: f64,
    /// Greatest share of rows with a level that training never saw: 0 to 1; 0.01 unless set.
    #[schema(minimum = 0, maximum = 1)]
    pub unseen_share: f64,
    /// A day with fewer rows than this is shown and never told: 1 to 10,000,000; 1,000 unless set.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub minimum_rows: u64,
}

impl Default for DriftLimits {
    fn default() -> Self {
        Self {
            psi: 0.2,
            ks: 0.1,
            cramers_v: 0.1,
            missing_change: 0.05,
            unseen_share: 0.01,
            minimum_rows: 1_000,
        }
    }
}

impl DriftLimits {
    pub(super) fn faults(&self) -> Vec<FieldError> {
        let bounded = [
            ("psi", self.psi, MAX_PSI),
            ("ks", self.ks, 1.0),
            ("cramers_v", self.cramers_v, 1.0),
            ("missing_change", self.missing_change, 1.0),
            ("unseen_share", self.unseen_share, 1.0),
        ];
        let beyond = bounded.into_iter().filter(|(_, value, most)| !(0.0..=*most).contains(value));
        let mut faults: Vec<_> = beyond
            .map(|(name, value, most)| {
                fault(&format!("drift.{name}"), &format!("expected 0 to {most}, not {value}"))
            })
            .collect();
        if !(1..=MAX_ROWS).contains(&self.minimum_rows) {
            let message = format!("expected 1 to {MAX_ROWS}, not {}", self.minimum_rows);
            faults.push(fault("drift.minimum_rows", &message));
        }
        faults
    }
}

/// What it is worth to contact a client of high risk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactValue {
    /// What one contact costs, in the unit of the lifetime value: 0 to 1,000,000,000.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub contact_cost: f64,
    /// The share of a churning client's lifetime value that a contact keeps on average: 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub kept_share: f64,
}

impl ContactValue {
    pub(super) fn faults(&self) -> Vec<FieldError> {
        let bounded = [("contact_cost", self.contact_cost, MAX_COST), ("kept_share", self.kept_share, 1.0)];
        let beyond = bounded.into_iter().filter(|(_, value, most)| !(0.0..=*most).contains(value));
        beyond
            .map(|(name, value, most)| {
                fault(&format!("contact_value.{name}"), &format!("expected 0 to {most}, not {value}"))
            })
            .collect()
    }
}

pub(super) fn window_faults(days: Option<u16>) -> Option<FieldError> {
    let days = days.filter(|days| !(1..=MAX_OUTCOME_WINDOW_DAYS).contains(days))?;
    let message = format!("expected 1 to {MAX_OUTCOME_WINDOW_DAYS}, not {days}");
    Some(fault("outcome_window_days", &message))
}
