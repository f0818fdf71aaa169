//! `GET /bundles` and `/bundles/{uid}/parity`: which models this replica could serve, and the proof it holds of each.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use bellwether_core::bundle::manifest::Manifest;
use bellwether_core::bundle::{About, PARITY_TOLERANCE};
use bellwether_web::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::state::State;

/// A bundle in this replica's folder.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BundleState {
    /// The model's id: the folder's name.
    uid: String,
    /// What a person calls the model; null where the bundle is refused.
    name: Option<String>,
    /// When it was trained; null where the bundle is refused.
    created_at: Option<DateTime<Utc>>,
    /// SHA-256 of the bundle as a whole, in hex; null where it is refused.
    sha256: Option<String>,
    /// Whether it was verified and can serve.
    loadable: bool,
    /// Why it is refused; null where it is not.
    reason: Option<String>,
    /// How good the model was on the held-out fifth; null where the bundle is refused.
    metrics: Option<BundleMetrics>,
    /// Whether the live config names it, as an arm or a shadow.
    in_use: bool,
}

/// How good a model was on the held-out fifth of its training data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BundleMetrics {
    /// How many rows were held out.
    rows: u64,
    /// Mean negative log-likelihood, in nats.
    log_loss: f64,
    /// Mean squared error of the probability.
    brier: f64,
    /// Area under the ROC curve.
    roc_auc: f64,
    /// F1 at `cutoff`.
    f1: f64,
    /// Mean of both classes' recall at `cutoff`.
    balanced_accuracy: f64,
    /// The probability from which F1 and balanced accuracy call a client churned.
    cutoff: f64,
}

/// A bundle's proof: requests, and the probabilities that training gave them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Parity<'a> {
    /// The model's id.
    uid: &'a str,
    /// SHA-256 of the bundle as a whole, in hex.
    sha256: &'a str,
    /// The largest difference between a row's probability and this replica's that counts as the same.
    tolerance: f64,
    /// At least 50.
    rows: Vec<ParityRow<'a>>,
}

/// A request, and the probability that training gave it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParityRow<'a> {
    /// The body of `POST /predict`, without `client_id`.
    #[schema(value_type = Object)]
    input: &'a RawValue,
    /// The probability, 0 to 1.
    probability: f64,
}

#[utoipa::path(
    get, path = "/bundles", tag = "config",
    responses((status = 200, description = "every bundle in this replica's folder by uid, as it was when the config was last looked up", body = Vec<BundleState>)),
    security(("bearer" = []))
)]
pub(crate) async fn bundles(state: web::Data<State>) -> HttpResponse {
    let live = state.live.snapshot();
    let in_use =
        |uid: &str| live.as_ref().is_some_and(|live| live.config.document.models().any(|m| m == uid));
    let bundles = state.live.bundles();
    let told = bundles.iter().map(|(uid, bundle)| BundleState::of(uid, bundle, in_use(uid)));
    HttpResponse::Ok().json(told.collect::<Vec<_>>())
}

#[utoipa::path(
    get, path = "/bundles/{uid}/parity", tag = "config",
    params(("uid" = String, Path, description = "the bundle's uid")),
    responses(
        (status = 200, description = "the bundle's parity rows", body = Parity),
        (status = 404, description = "no such bundle, or one that is refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn parity(uid: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let (manifest, sha256) = manifest(&state, &uid).await?;
    let rows = manifest.parity.iter();
    Ok(HttpResponse::Ok().json(Parity {
        uid: &manifest.uid,
        sha256: &sha256,
        tolerance: PARITY_TOLERANCE,
        rows: rows.map(|row| ParityRow { input: &row.input, probability: row.probability }).collect(),
    }))
}

/// The manifest of a bundle that was verified, and the bundle's SHA-256.
///
/// # Errors
/// 404 where there is none, or it is refused.
pub(super) async fn manifest(state: &State, uid: &str) -> Result<(Manifest, String), Problem> {
    match state.live.manifest(uid).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(Problem::not_found("there is no such bundle in this replica's folder")),
        Err(reason) => Err(Problem::not_found(format!("bundle `{uid}` is refused: {reason}"))),
    }
}

impl BundleState {
    fn of(uid: &str, bundle: &Result<Arc<About>, String>, in_use: bool) -> Self {
        let about = bundle.as_ref().ok();
        Self {
            uid: uid.to_owned(),
            name: about.map(|about| about.name.clone()),
            created_at: about.map(|about| about.created_at),
            sha256: about.map(|about| about.sha256.clone()),
            loadable: bundle.is_ok(),
            reason: bundle.as_ref().err().cloned(),
            metrics: about.map(|about| BundleMetrics::of(&about.metrics)),
            in_use,
        }
    }
}

impl BundleMetrics {
    pub(super) fn of(metrics: &bellwether_core::bundle::manifest::Metrics) -> Self {
        Self {
            rows: metrics.rows,
            log_loss: metrics.log_loss,
            brier: metrics.brier,
            roc_auc: metrics.roc_auc,
            f1: metrics.f1,
            balanced_accuracy: metrics.balanced_accuracy,
            cutoff: metrics.cutoff,
        }
    }
}
