//! `POST /api/proposals/{id}/…` and reverting: what is done with a proposal on its way to production. Each names the
//! revision that its caller saw, so that of two who act at once one wins.

use actix_web::http::header::LOCATION;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::change::Limits;
use bellwether_store::Role;
use bellwether_web::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Fields;
use super::proposals::done;
use super::query;
use super::wire::ProposalNow;
use crate::console::{Bake, reason_fault};
use crate::pages::State;

/// Which revision is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct StepRequest {
    /// The revision that the caller saw.
    revision: u64,
}

/// A promotion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct PromoteRequest {
    /// The revision that the caller saw.
    revision: u64,
    /// How it is watched; absent, as the console is set up to.
    bake: Option<BakeRequest>,
}

/// A promotion past staging.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct PastStagingRequest {
    /// The revision that the caller saw.
    revision: u64,
    /// Why it cannot be tried first: 3 to 500 characters.
    #[schema(min_length = 3, max_length = 500)]
    why: String,
    /// How it is watched; absent, as the console is set up to.
    bake: Option<BakeRequest>,
}

/// How a promotion is watched once every replica has it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct BakeRequest {
    /// For how many seconds; absent, as the console is set up to; null, not at all.
    #[schema(minimum = 1, maximum = 86_400)]
    seconds: Option<u64>,
    /// What it may not exceed meanwhile.
    limits: Option<Limits>,
}

/// The way back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct RevertRequest {
    /// Why: 3 to 500 characters.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// Whether it is meant that clients of a running experiment are drawn anew; absent, not.
    confirmed: Option<bool>,
}

#[utoipa::path(
    post, path = "/api/proposals/{id}/try", tag = "proposals", operation_id = "try_in_staging",
    params(("id" = u64, Path, description = "its number")),
    request_body = StepRequest,
    responses((status = 200, description = "it is being tried in staging; wait for its report", body = ProposalNow)),
    security(("bearer" = ["editor"]))
)]
pub(super) async fn try_in_staging(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Editor).await?;
    let (id, revision) = (number(&request, &id)?, revision_of(&request, payload).await?);
    let proposal = state.console.try_in_staging(&actor, id, revision).await?;
    Ok(HttpResponse::Ok().json(done(&state.console, proposal).await))
}

#[utoipa::path(
    post, path = "/api/proposals/{id}/approve", tag = "proposals", operation_id = "approve",
    params(("id" = u64, Path, description = "its number")),
    request_body = StepRequest,
    responses((status = 200, description = "it is approved; never one's own", body = ProposalNow)),
    security(("bearer" = ["approver"]))
)]
pub(super) async fn approve(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Approver).await?;
    let (id, revision) = (number(&request, &id)?, revision_of(&request, payload).await?);
    let proposal = state.console.approve(&actor, id, revision).await?;
    Ok(HttpResponse::Ok().json(done(&state.console, proposal).await))
}

#[utoipa::path(
    post, path = "/api/proposals/{id}/promote", tag = "proposals", operation_id = "promote",
    params(("id" = u64, Path, description = "its number")),
    request_body = PromoteRequest,
    responses((status = 200, description = "it is written to production; wait until every replica has it", body = ProposalNow)),
    security(("bearer" = ["approver"]))
)]
pub(super) async fn promote(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Approver).await?;
    let id = number(&request, &id)?;
    let mut fields = Fields::read(&request, payload).await?;
    let (revision, bake) = (fields.required("revision"), bake(&mut fields, &state));
    let revision = fields.finish(revision)?;
    let proposal = state.console.promote(&actor, id, revision, bake).await?;
    Ok(HttpResponse::Ok().json(done(&state.console, proposal).await))
}

#[utoipa::path(
    post, path = "/api/proposals/{id}/promote-past-staging", tag = "proposals", operation_id = "promote_past_staging",
    params(("id" = u64, Path, description = "its number")),
    request_body = PastStagingRequest,
    responses((status = 200, description = "it is written to production untried, and marked so for ever", body = ProposalNow)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn promote_past_staging(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Admin).await?;
    let id = number(&request, &id)?;
    let mut fields = Fields::read(&request, payload).await?;
    let (revision, why) = (fields.required("revision"), fields.required::<String>("why"));
    let bake = bake(&mut fields, &state);
    fields.also(why.as_deref().and_then(|why| reason_fault("why", why)));
    let (revision, why) = fields.finish(revision.zip(why))?;
    let proposal = state.console.promote_past_staging(&actor, id, revision, why, bake).await?;
    Ok(HttpResponse::Ok().json(done(&state.console, proposal).await))
}

#[utoipa::path(
    post, path = "/api/proposals/{id}/withdraw", tag = "proposals", operation_id = "withdraw",
    params(("id" = u64, Path, description = "its number")),
    request_body = StepRequest,
    responses((status = 200, description = "it is given up; somebody else's takes the role approver", body = ProposalNow)),
    security(("bearer" = ["editor"]))
)]
pub(super) async fn withdraw(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Editor).await?;
    let (id, revision) = (number(&request, &id)?, revision_of(&request, payload).await?);
    let proposal = state.console.withdraw(&actor, id, revision).await?;
    Ok(HttpResponse::Ok().json(done(&state.console, proposal).await))
}

#[utoipa::path(
    post, path = "/api/environments/prod/versions/{version}/revert", tag = "proposals", operation_id = "revert",
    params(("version" = u64, Path, description = "the version whose document is wanted back")),
    request_body = RevertRequest,
    responses((
        status = 201, description = "it is proposed, and has passed where that very document has passed before",
        body = ProposalNow, headers(("Location" = String, description = "where it is"))
    )),
    security(("bearer" = ["approver"]))
)]
pub(super) async fn revert(
    request: HttpRequest,
    payload: Payload,
    version: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Approver).await?;
    query::none(&request)?;
    let version = query::number(&version, "version")?;
    let mut fields = Fields::read(&request, payload).await?;
    let (reason, confirmed) = (fields.required::<String>("reason"), fields.optional("confirmed"));
    fields.also(reason.as_deref().and_then(|reason| reason_fault("reason", reason)));
    let reason = fields.finish(reason)?;
    let proposal = state.console.revert(&actor, version, reason, confirmed.unwrap_or(false)).await?;
    let location = format!("/api/proposals/{}", proposal.id);
    let now = done(&state.console, proposal).await;
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(now))
}

fn number(request: &HttpRequest, id: &str) -> Result<u64, Problem> {
    query::none(request)?;
    query::number(id, "proposal")
}

async fn revision_of(request: &HttpRequest, payload: Payload) -> Result<u64, Problem> {
    let mut fields = Fields::read(request, payload).await?;
    let revision = fields.required("revision");
    fields.finish(revision)
}

/// How a promotion is to be watched: as the console is set up to, where nothing else is said.
fn bake(fields: &mut Fields, state: &State) -> Bake {
    let usual = Some(state.bake_minutes * 60).filter(|seconds| *seconds > 0);
    let asked = fields.within("bake", |bake| {
        let seconds = if bake.has("seconds") { bake.optional("seconds") } else { usual };
        Some(Bake { seconds, limits: bake.optional::<Limits>("limits").unwrap_or_default() })
    });
    let bake = asked.unwrap_or(Bake { seconds: usual, limits: Limits::default() });
    for fault in bake.faults() {
        fields.also(Some(fault));
    }
    let counts = [
        ("bake.limits.max_silence_seconds", bake.limits.max_silence_seconds),
        ("bake.limits.min_answers", bake.limits.min_answers),
    ];
    for (field, count) in counts {
        let message = "expected a number of 63 bits at most";
        fields.also((count > query::MAX_NUMBER).then(|| query::fault(field, message)));
    }
    bake
}
