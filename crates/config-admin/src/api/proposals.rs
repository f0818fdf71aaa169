//! `/api/proposals`: drafts that are written down, looked at, waited for and edited.

use std::time::Duration;

use actix_web::http::header::LOCATION;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::change::{Proposal, differences};
use bellwether_core::config::ConfigDocument;
use bellwether_settings::Environment;
use bellwether_store::Role;
use bellwether_web::Problem;
use bellwether_web::health::Draining;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::body::Fields;
use super::environments::newest;
use super::query::{self, Query};
use super::wire::{self, ProposalNow, Proposals, RolloutStep, TrialStep};
use crate::console::{Console, Draft, reason_fault};
use crate::pages::State;
use crate::probes::Probes;

/// The longest that anybody waits for a proposal, in seconds.
const MAX_WAIT_SECONDS: u64 = 60;
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(500);
/// How long what goes on about a proposal is read after a step was done.
const PATIENCE: Duration = Duration::from_secs(3);

/// What somebody wants in production.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftRequest {
    /// The document.
    document: ConfigDocument,
    /// The production version that it was made from; absent, the newest.
    base: Option<u64>,
    /// Why: 3 to 500 characters, no control characters but newlines.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// Whether it is meant that clients of a running experiment are drawn anew; absent, not.
    confirmed: Option<bool>,
}

/// What somebody wants in production instead of what they proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct EditRequest {
    /// The revision that is edited.
    revision: u64,
    /// The document.
    document: ConfigDocument,
    /// The production version that it was made from; absent, the newest.
    base: Option<u64>,
    /// Why: 3 to 500 characters, no control characters but newlines.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// Whether it is meant that clients of a running experiment are drawn anew; absent, not.
    confirmed: Option<bool>,
}

impl DraftRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let document = fields.document("document");
        let (base, reason) = (fields.optional("base"), fields.required::<String>("reason"));
        let known = base.is_none_or(|base| (1..=query::MAX_NUMBER).contains(&base));
        fields.also((!known).then(|| query::fault("base", "expected the number of a version")));
        let confirmed = fields.optional("confirmed");
        fields.also(reason.as_deref().and_then(|reason| reason_fault("reason", reason)));
        Some(Self { document: document?, base, reason: reason?, confirmed })
    }

    async fn draft(self, console: &Console) -> Result<Draft, Problem> {
        let base = match self.base {
            Some(base) => base,
            None => newest(console, Environment::Prod).await?.version,
        };
        let confirmed = self.confirmed.unwrap_or(false);
        Ok(Draft { document: self.document, base, reason: self.reason, confirmed })
    }
}

#[utoipa::path(
    get, path = "/api/proposals", tag = "proposals", operation_id = "proposals",
    params(
        ("before" = Option<u64>, Query, description = "only proposals before this one", minimum = 1),
        ("limit" = Option<u64>, Query, description = "how many at most; 50 where nothing is said", minimum = 1, maximum = 200),
    ),
    responses((status = 200, description = "proposals, newest first", body = Proposals)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn list(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let mut query = Query::of(&request);
    let (before, limit) = (query.entry("before"), query.limit());
    query.finish()?;
    let proposals = state.console.proposals(before, limit).await?;
    let last = proposals.last().map(|proposal| proposal.id);
    let next_before = wire::next_before(last, proposals.len(), limit);
    Ok(HttpResponse::Ok().json(Proposals { proposals, next_before }))
}

#[utoipa::path(
    post, path = "/api/proposals", tag = "proposals", operation_id = "propose",
    request_body = DraftRequest,
    responses((
        status = 201, description = "it is written down", body = ProposalNow,
        headers(("Location" = String, description = "where it is"))
    )),
    security(("bearer" = ["editor"]))
)]
pub(super) async fn propose(
    request: HttpRequest,
    payload: Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Editor).await?;
    query::none(&request)?;
    let mut fields = Fields::read(&request, payload).await?;
    let draft = DraftRequest::read(&mut fields);
    let draft = fields.finish(draft)?.draft(&state.console).await?;
    let proposal = state.console.propose(&actor, draft).await?;
    let location = format!("/api/proposals/{}", proposal.id);
    let now = done(&state.console, proposal).await;
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(now))
}

#[utoipa::path(
    get, path = "/api/proposals/{id}", tag = "proposals", operation_id = "proposal",
    params(
        ("id" = u64, Path, description = "its number"),
        ("revision" = Option<u64>, Query, description = "the revision that is known: the answer waits for another", minimum = 1),
        ("wait_seconds" = Option<u64>, Query, description = "how long it waits at most; only with `revision`", minimum = 0, maximum = 60),
    ),
    responses((status = 200, description = "the proposal, and how far it has come", body = ProposalNow)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn one(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    probes: web::Data<Probes>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let id = query::number(&id, "proposal")?;
    let mut query = Query::of(&request);
    let (revision, seconds) = (query.entry("revision"), query.number("wait_seconds", 0..=MAX_WAIT_SECONDS));
    if seconds.is_some() && revision.is_none() {
        query.fault("revision", "is needed with wait_seconds: the revision that is known");
    }
    query.finish()?;
    let patience = Duration::from_secs(seconds.unwrap_or(0));
    let proposal = wait(&state.console, &probes.draining, id, revision, patience).await?;
    Ok(HttpResponse::Ok().json(told(&state.console, proposal).await?))
}

#[utoipa::path(
    put, path = "/api/proposals/{id}", tag = "proposals", operation_id = "edit",
    params(("id" = u64, Path, description = "its number")),
    request_body = EditRequest,
    responses((status = 200, description = "it is edited: its trial and its approval are void", body = ProposalNow)),
    security(("bearer" = ["editor"]))
)]
pub(super) async fn edit(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Editor).await?;
    query::none(&request)?;
    let id = query::number(&id, "proposal")?;
    let mut fields = Fields::read(&request, payload).await?;
    let (revision, draft) = (fields.required::<u64>("revision"), DraftRequest::read(&mut fields));
    let (revision, draft) = fields.finish(revision.zip(draft))?;
    let draft = draft.draft(&state.console).await?;
    let proposal = state.console.edit(&actor, id, revision, draft).await?;
    Ok(HttpResponse::Ok().json(done(&state.console, proposal).await))
}

/// The proposal as soon as its revision is another than the one that is known, or after the time; a process that is on
/// its way out lets nobody wait.
async fn wait(
    console: &Console,
    draining: &Draining,
    id: u64,
    known: Option<u64>,
    patience: Duration,
) -> Result<Proposal, Problem> {
    let deadline = Instant::now() + patience;
    loop {
        let proposal = console.proposal(id).await?;
        let left = deadline.saturating_duration_since(Instant::now());
        if known != Some(proposal.revision) || left.is_zero() || draining.has_begun() {
            return Ok(proposal);
        }
        tokio::time::sleep(LOOK.min(left)).await;
    }
}

/// A proposal after a step that was done. What goes on about it is told as far as it can be read at once: a step that is
/// written down is never answered as one that failed.
pub(super) async fn done(console: &Console, proposal: Proposal) -> ProposalNow {
    let why = match tokio::time::timeout(PATIENCE, told(console, proposal.clone())).await {
        Ok(Ok(now)) => return now,
        Ok(Err(problem)) => problem.to_string(),
        Err(_) => "the database does not answer".to_owned(),
    };
    tracing::warn!(proposal = proposal.id, why, "a step was done, and what goes on about it cannot be told");
    ProposalNow {
        trial_progress: console.trial_progress(proposal.id).map(TrialStep::from),
        proposal,
        differences: None,
        reassignment: None,
        rollout_progress: None,
    }
}

/// A proposal with what goes on about it.
pub(super) async fn told(console: &Console, proposal: Proposal) -> Result<ProposalNow, Problem> {
    let (base, _) = console.version(Environment::Prod, proposal.base).await?;
    let differences = base.document.ok().map(|base| differences(&base, &proposal.document));
    let reassignment = Some(console.reassignment(&proposal.document, proposal.base).await?);
    let rollout_progress = match proposal.rollout {
        Some(_) => Some(RolloutStep::from(console.rollout_progress(&proposal).await?)),
        None => None,
    };
    Ok(ProposalNow {
        trial_progress: console.trial_progress(proposal.id).map(TrialStep::from),
        proposal,
        differences,
        reassignment,
        rollout_progress,
    })
}
