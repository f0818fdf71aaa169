//! How far a proposal has come, and what the person who looks at it may do with it now.

use bellwether_core::change::{Proposal, ProposalState};
use bellwether_settings::Approval;
use bellwether_store::Role;

use crate::access::Signed;

pub(super) struct Step {
    pub(super) class: &'static str,
    pub(super) text: String,
    pub(super) now: bool,
}
/// What this person may do with it now.
#[expect(clippy::struct_excessive_bools, reason = "one a button")]
#[derive(Default)]
pub(super) struct Actions {
    pub(super) edit: bool,
    pub(super) try_it: bool,
    pub(super) approve: bool,
    pub(super) promote: bool,
    pub(super) past_staging: bool,
    pub(super) withdraw: bool,
    /// Why there is no button, where one would expect it.
    pub(super) hint: Option<&'static str>,
}
pub(super) fn steps(proposal: &Proposal, approval: Approval) -> Vec<Step> {
    use ProposalState as S;
    let state = proposal.state;
    let tried = match state {
        S::Trying => "now",
        S::Failed => "bad",
        _ if proposal.emergency.is_some() => "bad",
        _ if proposal.has_passed() => "done",
        _ => "",
    };
    let promoted = proposal.rollout.is_some();
    let synced = proposal.rollout.as_ref().is_some_and(|rollout| rollout.synced_at.is_some());
    let end = match state {
        S::Done => "done",
        S::RolledBack => "bad",
        S::RollingOut if synced => "now",
        _ => "",
    };
    let step = |class: &'static str, text: &str| Step { class, text: text.to_owned(), now: class == "now" };
    let mut steps = vec![step(if state == S::Proposed { "now" } else { "done" }, "Proposed")];
    let skipped = proposal.emergency.is_some();
    steps.push(step(tried, if skipped { "Past staging" } else { "Tried in staging" }));
    if approval == Approval::TwoPerson && !skipped {
        steps.push(step(if proposal.approval.is_some() { "done" } else { "" }, "Approved"));
    }
    let ready = state == S::Passed;
    steps.push(step(
        if promoted {
            "done"
        } else if ready {
            "now"
        } else {
            ""
        },
        "Promoted",
    ));
    let syncing = if synced {
        "done"
    } else if state == S::RollingOut {
        "now"
    } else {
        ""
    };
    steps.push(step(syncing, "On every replica"));
    steps.push(step(end, if state == S::RolledBack { "Rolled back" } else { "Done" }));
    steps
}

pub(super) fn actions(proposal: &Proposal, signed: &Signed, approval: Approval) -> Actions {
    let (actor, state) = (&signed.actor, proposal.state);
    if state.is_final() || state == ProposalState::RollingOut {
        return Actions::default();
    }
    let (editor, approver) = (actor.role >= Role::Editor, actor.role >= Role::Approver);
    let own = proposal.is_by(&actor.name);
    let waits = approval == Approval::TwoPerson && proposal.approval.is_none();
    let open = state.is_editable();
    let passed = state == ProposalState::Passed;
    let hint = if passed && !approver {
        Some("It has passed. An approver can promote it.")
    } else if passed && waits && own {
        Some("It has passed. Somebody else has to approve it before it can be promoted.")
    } else {
        None
    };
    Actions {
        edit: editor && open,
        try_it: editor && open,
        approve: approver && open && waits && !own,
        promote: approver && passed && !waits,
        past_staging: actor.role >= Role::Admin && open,
        withdraw: approver || (editor && own),
        hint,
    }
}
