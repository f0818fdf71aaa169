//! `GET /ready`: whether this replica may be sent requests.

use actix_web::{HttpResponse, web};
use bellwether_web::{Problem, health};

use crate::state::State;

#[utoipa::path(
    get, path = "/health", tag = "health",
    responses((status = 200, description = "the process lives", body = String))
)]
pub(crate) async fn alive() -> impl actix_web::Responder {
    health::alive()
}

#[utoipa::path(
    get, path = "/ready", tag = "health",
    responses((status = 200, description = "requests may be sent", body = String), (status = 503, description = "not yet, or not any more; with the reasons", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn ready(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    health::ready(&state.draining, state.live.hindrances())
}
