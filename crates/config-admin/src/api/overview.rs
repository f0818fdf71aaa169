//! `GET /api/overview` and `/api/models`: the environments as they are now, and the bundles that a document may name.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_store::Role;
use bellwether_web::Problem;

use super::query;
use super::wire::{Model, Models, SideBySide};
use crate::pages::State;

#[utoipa::path(
    get, path = "/api/overview", tag = "environments", operation_id = "overview",
    responses((status = 200, description = "staging and production as they are now; what cannot be reached is told", body = SideBySide)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn overview(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    Ok(HttpResponse::Ok().json(SideBySide::from(state.console.overview().await)))
}

#[utoipa::path(
    get, path = "/api/models", tag = "environments", operation_id = "models",
    responses((status = 200, description = "the bundles that a document may name", body = Models)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn models(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    let models = state.console.models().await.into_iter().map(Model::from).collect();
    Ok(HttpResponse::Ok().json(Models { models }))
}
