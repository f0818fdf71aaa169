//! `GET /bundles/{uid}/statistics`: what training saw, for whoever compares it with what production sees.

use actix_web::{HttpResponse, web};
use bellwether_core::bundle::manifest::Statistics;
use bellwether_web::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::bundles::{BundleMetrics, manifest};
use crate::state::State;

/// What a bundle's training saw.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BundleStatistics<'a> {
    /// The model's id.
    uid: &'a str,
    /// SHA-256 of the bundle as a whole, in hex.
    sha256: &'a str,
    /// The features, in the model's order.
    features: Vec<BundleFeature<'a>>,
    /// The distribution of every raw input and of the score.
    statistics: &'a Statistics,
    /// How good the model was on the held-out fifth.
    metrics: BundleMetrics,
}

/// One feature.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BundleFeature<'a> {
    /// The raw input, or a ratio's own name.
    name: &'a str,
    /// `numeric`, `ratio` (of two numeric ones, and no input itself), `categorical` or `date`.
    kind: &'static str,
}

#[utoipa::path(
    get, path = "/bundles/{uid}/statistics", tag = "config",
    params(("uid" = String, Path, description = "the bundle's uid")),
    responses(
        (status = 200, description = "what the bundle's training saw", body = BundleStatistics),
        (status = 404, description = "no such bundle, or one that is refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn statistics(
    uid: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let (manifest, sha256) = manifest(&state, &uid).await?;
    let features = manifest.features.iter().map(|feature| {
        let (name, kind) = feature.name_and_kind();
        BundleFeature { name, kind }
    });
    Ok(HttpResponse::Ok().json(BundleStatistics {
        uid: &manifest.uid,
        sha256: &sha256,
        features: features.collect(),
        statistics: &manifest.statistics,
        metrics: BundleMetrics::of(&manifest.metrics),
    }))
}
