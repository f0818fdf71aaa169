//! `GET /config` and `/config-refresh`: what is live here, and taking up what is newer.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use bellwether_core::config::ConfigDocument;
use bellwether_web::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::live::Told;
use crate::state::State;

/// What a replica says of its config.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigState {
    /// `local`, `stage` or `prod`.
    environment: String,
    /// The replica that answers.
    replica: String,
    /// The version that is live; null while none is.
    version: Option<u64>,
    /// SHA-256 of its document.
    sha256: Option<String>,
    /// The document.
    document: Option<ConfigDocument>,
    /// Since when it is live here.
    since: Option<DateTime<Utc>>,
    /// SHA-256 of every bundle that is loaded, by uid.
    models: BTreeMap<String, String>,
    /// Why each bundle that is not loaded is refused, by uid.
    refused_models: BTreeMap<String, String>,
    /// The newer version that this replica refuses, if it does.
    refused: Option<RefusedVersion>,
}

/// A version that cannot go live here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedVersion {
    /// Which.
    version: u64,
    /// Why.
    reasons: Vec<String>,
}

#[utoipa::path(
    get, path = "/config", tag = "config",
    responses((status = 200, description = "what is live on this replica", body = ConfigState)),
    security(("bearer" = []))
)]
pub(crate) async fn config(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(tell(&state))
}

#[utoipa::path(
    get, path = "/config-refresh", tag = "config",
    responses(
        (status = 200, description = "the newest version was looked up; what is live now", body = ConfigState),
        (status = 503, description = "the database is away; what was live still is", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn refresh(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.live.refresh().await?;
    // This replica has it; the others look for themselves if the word does not reach them.
    if let Err(error) = state.changes.announce(&state.predictor.environment).await {
        tracing::warn!(%error, "the other replicas could not be told of the refresh");
    }
    Ok(HttpResponse::Ok().json(tell(&state)))
}

#[utoipa::path(
    post, path = "/config-refresh", tag = "config",
    responses(
        (status = 200, description = "the newest version was looked up; what is live now", body = ConfigState),
        (status = 503, description = "the database is away; what was live still is", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn refresh_by_post(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    refresh(state).await
}

fn tell(state: &State) -> ConfigState {
    let Told { since, refused, bundles, .. } = state.live.told();
    let live = state.live.snapshot().map(|snapshot| snapshot.config.clone());
    let refused_models = bundles.iter().filter_map(|(uid, b)| Some((uid.clone(), b.as_ref().err()?.clone())));
    ConfigState {
        environment: state.predictor.environment.clone(),
        replica: state.predictor.replica.clone(),
        version: live.as_ref().map(|live| live.version),
        sha256: live.as_ref().map(|live| live.sha256.clone()),
        document: live.map(|live| live.document),
        since,
        refused_models: refused_models.collect(),
        models: bundles.into_iter().filter_map(|(uid, bundle)| Some((uid, bundle.ok()?))).collect(),
        refused: refused.map(|(version, reasons)| RefusedVersion { version, reasons }),
    }
}
