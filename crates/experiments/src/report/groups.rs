//! How many clients were given what, what became of them, and whether the draw went as it should.

use serde::Serialize;

use super::GroupName;
use crate::statistics::Interval;

/// One group's clients. `entered` is the sum of `moved`, `immature`, `unknown` and `compared`.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Group {
    /// Which.
    pub name: GroupName,
    /// Clients whose first counting prediction in the experiment was given this way.
    pub entered: u64,
    /// Those for whom a version that went live within their window means something else: left out, whether they were
    /// seen again or not, since who comes back is no random choice.
    pub moved: u64,
    /// Those of `moved` who were seen with something else.
    pub moved_seen: u64,
    /// Those whose window is not over.
    pub immature: u64,
    /// Those whose window is over, and of whom nobody said what became.
    pub unknown: u64,
    /// Those who are compared: their window is over, and it is known what became of them.
    pub compared: u64,
    /// Those of `compared` who churned within their window.
    pub churned: u64,
    /// `churned` by `compared`; null where nobody is compared. Estimand: the probability that a client drawn into this
    /// group, whose outcome gets known, churns within the window.
    pub rate: Option<f64>,
    /// Wilson's interval of `rate`: right for one look at a moment fixed beforehand.
    pub fixed: Option<Interval>,
    /// An interval of `rate` that may be looked at as often as one likes; null where there are too few.
    pub sequential: Option<Interval>,
}

/// Whether clients fell into the groups as the shares of the versions that they met lead to expect.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SampleRatio {
    /// Counted and expected, by group.
    pub cells: Vec<RatioCell>,
    /// Pearson's χ², summed over the settings of shares.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees: u32,
    /// How probable as large a statistic is where the draw works; 0 where a client is in a group of share 0.
    pub p_value: f64,
    /// Whether `p_value` is below 0.001: then something lost or moved clients, and no difference can be believed.
    pub mismatch: bool,
}

/// One group of [`SampleRatio`].
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RatioCell {
    /// Which: holdout, heuristic, or an arm.
    pub name: GroupName,
    /// Clients who entered there.
    pub counted: u64,
    /// How many were to be expected.
    pub expected: f64,
}
