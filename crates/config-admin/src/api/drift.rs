//! `GET /api/drift/…`: how far production is from training, by day.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_store::Role;
use bellwether_web::Problem;

use super::query::{self, Query};
use crate::drift::DriftView;
use crate::pages::State;

/// How many days are answered where nothing is said, and at most.
const USUAL_DAYS: u64 = 7;
const MOST_DAYS: u64 = 90;

#[utoipa::path(
    get, path = "/api/drift/{environment}", tag = "drift", operation_id = "drift",
    params(
        ("environment" = String, Path, description = "`stage` or `prod`"),
        ("days" = Option<u64>, Query, description = "how many days up to today; 7 where nothing is said", minimum = 1, maximum = 90),
    ),
    responses((status = 200, description = "every model that is live, day by day", body = DriftView)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn all(
    request: HttpRequest,
    environment: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let environment = query::environment(&environment)?;
    let days = days(&request)?;
    Ok(HttpResponse::Ok().json(state.console.drift(environment, None, days).await?))
}

#[utoipa::path(
    get, path = "/api/drift/{environment}/{model}", tag = "drift", operation_id = "drift_of_model",
    params(
        ("environment" = String, Path, description = "`stage` or `prod`"),
        ("model" = String, Path, description = "the bundle's uid", example = "a_model"),
        ("days" = Option<u64>, Query, description = "how many days up to today; 7 where nothing is said", minimum = 1, maximum = 90),
    ),
    responses((status = 200, description = "one model, day by day", body = DriftView)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn one(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let (environment, model) = path.into_inner();
    let environment = query::environment(&environment)?;
    let days = days(&request)?;
    let view = state.console.drift(environment, Some(&model), days).await?;
    // A model that is neither live nor was ever measured is none that anybody can have meant.
    if view.models.iter().all(|model| !model.live && model.days.is_empty()) {
        return Err(Problem::not_found("nothing was measured of such a model in these days"));
    }
    Ok(HttpResponse::Ok().json(view))
}

fn days(request: &HttpRequest) -> Result<u32, Problem> {
    let mut query = Query::of(request);
    let days = query.number("days", 1..=MOST_DAYS).unwrap_or(USUAL_DAYS);
    query.finish()?;
    Ok(u32::try_from(days).unwrap_or(u32::MAX))
}
