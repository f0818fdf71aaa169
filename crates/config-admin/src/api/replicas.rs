//! `POST /api/environments/{environment}/replicas/forget`: what is done about a replica that is gone.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_store::Role;
use bellwether_web::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Fields;
use super::query;
use crate::pages::State;

/// Which replica is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "tells what is expected; bodies are read field by field")]
pub(super) struct ForgetRequest {
    /// Its name.
    name: String,
}

/// What was forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Forgotten {
    /// The replica's name.
    forgotten: String,
}

#[utoipa::path(
    post, path = "/api/environments/{environment}/replicas/forget", tag = "environments",
    operation_id = "forget_replica",
    params(("environment" = String, Path, description = "`stage` or `prod`")),
    request_body = ForgetRequest,
    responses((
        status = 200, body = Forgotten,
        description = "a replica that was silent is expected no longer, until it reports again"
    )),
    security(("bearer" = ["approver"]))
)]
pub(super) async fn forget(
    request: HttpRequest,
    payload: Payload,
    environment: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Approver).await?;
    query::none(&request)?;
    let environment = query::environment(&environment)?;
    let mut fields = Fields::read(&request, payload).await?;
    let name = fields.required::<String>("name");
    let name = fields.finish(name)?;
    state.console.forget_replica(&actor, environment, &name).await?;
    Ok(HttpResponse::Ok().json(Forgotten { forgotten: name }))
}
