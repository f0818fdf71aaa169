//! What a treatment was worth: lifetime values of those who stayed, less what contacts cost.

use serde::Serialize;

use super::{Estimate, GroupName};

/// One group's value a client: the LTV at the first prediction where the client stayed, less the contact's cost where
/// one of the client's predictions within the window was of high risk. As observed.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct GroupValue {
    /// Which.
    pub name: GroupName,
    /// Clients compared.
    pub clients: u64,
    /// Those of them who were of high risk, and are taken to have been contacted once.
    pub contacted: u64,
    /// Those whose lifetime value was 0, which is also told where it is unknown.
    pub without_ltv: u64,
    /// The value a client, with the normal interval of its mean; null where there are too few.
    pub value: Option<Estimate>,
}

/// The value a client of one group less that of another.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ValueDifference {
    /// Whose.
    pub of: GroupName,
    /// Less whose.
    pub to: GroupName,
    /// The difference with a normal interval, right for one look at a moment fixed beforehand; weighted over settings
    /// of shares as differences in churn are. Null where there are too few.
    pub value: Option<Estimate>,
}
