//! Differences in churn between groups: one interval for a look at a moment fixed beforehand, one for as many looks
//! as one likes.

use chrono::NaiveDate;
use serde::Serialize;

use super::GroupName;
use crate::statistics::Interval;

/// What the sequential interval says about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer churn than in the group it is compared with.
    Fewer,
    /// More do.
    More,
    /// The data so far are in accord with no difference.
    Open,
    /// There are too few clients to say anything.
    TooFew,
}

/// The churn rate of one group less that of another.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// Whose rate.
    pub of: GroupName,
    /// Less whose.
    pub to: GroupName,
    /// Clients compared on the one side.
    pub of_clients: u64,
    /// And on the other.
    pub to_clients: u64,
    /// The difference, −1 to 1; null where there are too few. Estimand: the effect on the probability of churn within
    /// the window of being drawn into the one group rather than the other, whatever is done with it. Where shares
    /// were changed it is a mean of the differences within each setting, weighted as Mantel and Haenszel do.
    pub estimate: Option<f64>,
    /// Newcombe's hybrid interval: right for one look at a moment fixed beforehand.
    pub fixed: Option<Interval>,
    /// The confidence sequence's interval: right for all looks together.
    pub sequential: Option<Interval>,
    /// An always-valid p-value for no difference, of this look; 0 to 1.
    pub always_valid_p: Option<f64>,
    /// What the sequential interval says.
    pub verdict: Verdict,
    /// The same as it would have been seen day by day, with the outcomes known now; empty for arms.
    pub days: Vec<DifferenceDay>,
}

/// A difference by the end of one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DifferenceDay {
    /// Which.
    pub day: NaiveDate,
    /// Clients compared by then, both sides together.
    pub clients: u64,
    /// The difference.
    pub estimate: f64,
    /// The confidence sequence's interval.
    pub sequential: Interval,
}
