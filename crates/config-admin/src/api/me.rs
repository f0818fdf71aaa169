//! `GET /api/me`: whom a token stands for.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_store::Role;
use bellwether_web::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::query;
use crate::pages::State;

/// Whom a token stands for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// The person's name.
    name: String,
    /// What the token may do: `viewer`, `editor`, `approver` or `admin`; never more than its owner may.
    #[schema(value_type = String)]
    role: Role,
    /// What its owner calls the token.
    token: Option<String>,
}

#[utoipa::path(
    get, path = "/api/me", tag = "about", operation_id = "me",
    responses((status = 200, description = "whom the token stands for", body = Me)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn me(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let actor = state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    Ok(HttpResponse::Ok().json(Me { name: actor.name, role: actor.role, token: actor.token }))
}
