//! One proposal: what it changes, how its trial went, what can be done with it, and how its rollout goes. The page
//! keeps itself up to date while something goes on.

mod forms;
mod rollout;
mod stand;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_core::change::{Proposal, ProposalKind, ProposalState, differences};
use bellwether_settings::Environment;
use bellwether_store::Role;

use super::report::{ReportView, title};
use super::shown::{Badge, DifferenceRow, Fact, difference_rows, facts, short, state_badge, time};
use super::{Frame, PageError, State, page_of};
use crate::access::{Fields, Signed};
use forms::{limit_fields, suggested};
use rollout::{RolloutView, rollout};
use stand::{Actions, Step, actions, steps};

pub(crate) use forms::{approve, past_staging, promote, try_it, withdraw};

#[derive(Template)]
#[template(path = "proposal.html")]
struct ProposalPage {
    frame: Frame,
    id: u64,
    revision: u64,
    badge: Badge,
    state: &'static str,
    busy: bool,
    steps: Vec<Step>,
    facts: Vec<Fact>,
    document: Vec<Fact>,
    json: String,
    base: u64,
    differences: Vec<DifferenceRow>,
    progress: Option<Progress>,
    report: Option<ReportView>,
    rollout: Option<RolloutView>,
    actions: Actions,
    limits: Vec<(&'static str, &'static str, String)>,
    bake_minutes: String,
    /// What is told aloud when it changes.
    spoken: String,
    /// Why a promotion was not begun.
    error: Option<String>,
}

struct Progress {
    title: &'static str,
    done: u64,
    of: u64,
}

/// `GET /proposals/{id}`
pub(crate) async fn show(
    request: HttpRequest,
    state: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    render(&request, &state, &signed, *id, HttpResponse::Ok(), None).await
}

/// What was typed, and why it was not taken.
struct Refused {
    why: String,
    typed: Fields,
}

async fn render(
    request: &HttpRequest,
    state: &State,
    signed: &Signed,
    id: u64,
    answer: HttpResponseBuilder,
    refused: Option<Refused>,
) -> Result<HttpResponse, PageError> {
    let proposal = state.console.proposal(id).await?;
    let base = state.console.version(Environment::Prod, proposal.base).await.ok();
    let base = base.and_then(|(version, _)| version.document.ok());
    let changes = base.map(|base| differences(&base, &proposal.document)).unwrap_or_default();
    let rollout = match &proposal.rollout {
        Some(_) => {
            let progress = state.console.rollout_progress(&proposal).await?;
            let forgettable = (signed.actor.role >= Role::Approver).then_some("prod");
            Some(rollout(state, &proposal, progress, forgettable))
        }
        None => None,
    };
    let report = proposal.trial.as_ref().and_then(|trial| trial.report.as_ref());
    let progress =
        state.console.trial_progress(proposal.id).filter(|_| proposal.state == ProposalState::Trying);
    let mut limits = limit_fields(&suggested(&proposal));
    let mut bake_minutes = state.bake_minutes.to_string();
    if let Some(Refused { typed, .. }) = &refused {
        typed.first("bake_minutes").clone_into(&mut bake_minutes);
        for (name, _, value) in limits.iter_mut().filter(|(name, _, _)| typed.has(name)) {
            typed.first(name).clone_into(value);
        }
    }
    let synced = rollout.as_ref().filter(|rollout| rollout.current);
    let synced = synced.map(|rollout| format!(", {}", rollout.synced.text)).unwrap_or_default();
    let spoken = format!("Proposal {id}: {}{synced}.", state_badge(proposal.state).text);
    let page = ProposalPage {
        frame: Frame::of(signed, request, "/proposals"),
        id: proposal.id,
        revision: proposal.revision,
        badge: state_badge(proposal.state),
        state: proposal.state.as_str(),
        busy: proposal.state.is_under_way(),
        steps: steps(&proposal, state.approval),
        facts: about(&proposal),
        document: facts(&proposal.document),
        json: serde_json::to_string_pretty(&proposal.document).unwrap_or_default(),
        base: proposal.base,
        differences: difference_rows(&changes),
        progress: progress.map(|at| Progress { title: title(at.check), done: at.done, of: at.of }),
        report: report.map(|report| ReportView::new(report, proposal.document.proba_cutoff)),
        rollout,
        actions: actions(&proposal, signed, state.approval),
        limits,
        bake_minutes,
        spoken,
        error: refused.map(|refused| refused.why),
    };
    page_of(answer, &page)
}

fn about(proposal: &Proposal) -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value };
    let mut facts = vec![
        fact("Reason", proposal.reason.clone()),
        fact("Author", proposal.author.clone()),
        fact("Made", time(proposal.created_at)),
        fact("SHA-256", short(&proposal.sha256)),
    ];
    if let ProposalKind::Revert { version } = proposal.kind {
        facts.push(fact("Brings back", format!("version {version}")));
    }
    if let Some(approval) = &proposal.approval {
        facts.push(fact("Approved", format!("by {}, {}", approval.by, time(approval.at))));
    }
    if let Some(emergency) = &proposal.emergency {
        let told = format!("by {}, {}: {}", emergency.by, time(emergency.at), emergency.reason);
        facts.push(fact("Past staging", told));
    }
    if let Some(closed) = &proposal.closed {
        facts.push(fact("Withdrawn", format!("by {}, {}", closed.by, time(closed.at))));
    }
    facts
}
