//! `GET /proposals`: every proposal, newest first.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_core::change::{Proposal, ProposalKind};
use bellwether_store::Role;
use chrono::{DateTime, Utc};

use super::shown::{Badge, ago, state_badge};
use super::{Frame, PageError, State, page};
use crate::access::Fields;

const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "proposals.html")]
struct ProposalsPage {
    frame: Frame,
    may_propose: bool,
    rows: Vec<ProposalRow>,
    older_than_some: bool,
    next: Option<u64>,
}

/// One proposal in a table.
pub(super) struct ProposalRow {
    pub(super) id: u64,
    pub(super) badge: Badge,
    pub(super) reverts: Option<u64>,
    pub(super) emergency: bool,
    pub(super) reason: String,
    pub(super) author: String,
    pub(super) age: String,
}

/// `GET /proposals`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let before = Fields::parse(request.query_string().as_bytes()).first("before").parse().ok();
    let proposals = state.console.proposals(before, PAGE).await?;
    let full = proposals.len() == PAGE as usize;
    page(&ProposalsPage {
        frame: Frame::of(&signed, &request, "/proposals"),
        may_propose: signed.actor.role >= Role::Editor,
        rows: rows(&proposals, state.clock.now()),
        older_than_some: before.is_some(),
        next: proposals.last().map(|last| last.id).filter(|_| full),
    })
}

/// Proposals as rows.
pub(super) fn rows(proposals: &[Proposal], now: DateTime<Utc>) -> Vec<ProposalRow> {
    let row = |proposal: &Proposal| ProposalRow {
        id: proposal.id,
        badge: state_badge(proposal.state),
        reverts: match proposal.kind {
            ProposalKind::Revert { version } => Some(version),
            ProposalKind::Change => None,
        },
        emergency: proposal.emergency.is_some(),
        reason: proposal.reason.clone(),
        author: proposal.author.clone(),
        age: ago(proposal.updated_at, now),
    };
    proposals.iter().map(row).collect()
}
