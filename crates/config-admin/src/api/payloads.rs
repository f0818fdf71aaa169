//! `/api/payloads`: the named inputs that every trial sends to staging.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_store::Role;
use bellwether_store::console::GoldenPayload;
use bellwether_web::Problem;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::Fields;
use super::query;
use crate::pages::State;

/// The named inputs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Payloads {
    /// Every payload, by name.
    payloads: Vec<Named>,
}

/// A named input, and what is expected of its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Named {
    /// Its name.
    name: String,
    /// The body of `POST /predict`.
    #[schema(value_type = Object)]
    payload: Map<String, Value>,
    /// What `high_risk` has to be; null where that does not matter.
    expected_high_risk: Option<bool>,
    /// Who wrote it.
    author: String,
    /// When, in UTC.
    updated_at: DateTime<Utc>,
}

impl From<GoldenPayload> for Named {
    fn from(payload: GoldenPayload) -> Self {
        let GoldenPayload { name, payload, expected_high_risk, author, updated_at } = payload;
        Self { name, payload, expected_high_risk, author, updated_at }
    }
}

/// What is sent to staging, and what is expected of its answer. No client's data: it is kept until somebody removes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct PayloadRequest {
    /// The body of `POST /predict`; one field at least, and 32,768 bytes of JSON at most.
    #[schema(value_type = Object)]
    payload: Map<String, Value>,
    /// What `high_risk` has to be, where that matters.
    expected_high_risk: Option<bool>,
}

#[utoipa::path(
    get, path = "/api/payloads", tag = "payloads", operation_id = "payloads",
    responses((status = 200, description = "every payload, by name", body = Payloads)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn list(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    let payloads = state.console.payloads().await?.into_iter().map(Named::from).collect();
    Ok(HttpResponse::Ok().json(Payloads { payloads }))
}

#[utoipa::path(
    get, path = "/api/payloads/{name}", tag = "payloads", operation_id = "payload",
    params(("name" = String, Path, description = "its name", min_length = 1, max_length = 100)),
    responses((status = 200, description = "the payload", body = Named)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn one(
    request: HttpRequest,
    name: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    let payloads = state.console.payloads().await?;
    let found = payloads.into_iter().find(|payload| payload.name == *name);
    let found = found.ok_or_else(|| Problem::not_found("there is no payload of that name"))?;
    Ok(HttpResponse::Ok().json(Named::from(found)))
}

#[utoipa::path(
    put, path = "/api/payloads/{name}", tag = "payloads", operation_id = "save_payload",
    params(("name" = String, Path, description = "its name", min_length = 1, max_length = 100)),
    request_body = PayloadRequest,
    responses((status = 200, description = "it is kept, over the one of its name if there was one", body = Named)),
    security(("bearer" = ["editor"]))
)]
pub(super) async fn save(
    request: HttpRequest,
    payload: Payload,
    name: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Editor).await?;
    query::none(&request)?;
    let mut fields = Fields::read(&request, payload).await?;
    let (payload, expected_high_risk) = (fields.required("payload"), fields.optional("expected_high_risk"));
    let payload = fields.finish(payload)?;
    // Author and time are set where it is saved.
    let (author, updated_at) = (actor.name.clone(), state.console.clock().now());
    let payload = GoldenPayload { name: name.into_inner(), payload, expected_high_risk, author, updated_at };
    let saved = state.console.save_payload(&actor, payload).await?;
    Ok(HttpResponse::Ok().json(Named::from(saved)))
}

#[utoipa::path(
    delete, path = "/api/payloads/{name}", tag = "payloads", operation_id = "delete_payload",
    params(("name" = String, Path, description = "its name", min_length = 1, max_length = 100)),
    responses((status = 204, description = "it is not there any more")),
    security(("bearer" = ["editor"]))
)]
pub(super) async fn delete(
    request: HttpRequest,
    name: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Editor).await?;
    query::none(&request)?;
    state.console.delete_payload(&actor, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}
