//! `POST /explain`: which inputs push this customer's score up and down, and how far. Nothing of it is
//! logged.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::customer::{Customer, check_client_id};
use bellwether_core::explain::Explanation;
use bellwether_core::prediction::Snapshot;
use bellwether_core::treatment::Treatment;
use bellwether_web::{Problem, body};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::predict::live;
use crate::explaining::Explained;
use crate::state::State;

/// A client whose stored features are explained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownClient {
    /// Who it is.
    #[schema(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$")]
    client_id: String,
}

/// The body of a 200 from `POST /explain`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplainAnswer {
    /// What the client gets: `model` or `heuristic`.
    treatment: Treatment,
    /// The bundle that answers; null for the heuristic.
    model: Option<String>,
    /// The config version that is live.
    config_version: u64,
    #[serde(flatten)]
    explanation: Explanation,
    /// Inputs that were missing; they are explained as missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    imputed: Vec<String>,
    /// Fields that no model knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
}

#[utoipa::path(
    post, path = "/explain", tag = "predictions",
    request_body(content = ref("#/components/schemas/Customer"), description = "A customer as `POST /predict` takes them; or `client_id` alone, for the features that are stored of that client.", content_type = "application/json"),
    responses(
        (status = 200, description = "the score, taken apart", body = ExplainAnswer),
        (status = 400, description = "not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`client_id_not_found`: no features are stored of this client", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "held-out clients are never explained", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "not application/json", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "fields at fault, every one named", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not now: as many explanations as can wait are waiting, or no live model", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn explain(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let body = body::read(&request, payload, state.limits.body, &["application/json"]).await?;
    let live = live(&state)?;
    let customer = customer(&body, &live, &state).await?;
    let id = customer.client_id.clone().unwrap_or_else(|| Uuid::now_v7().to_string());
    let config_version = live.config.version;
    let imputed = customer.imputed(&live.schema).map(str::to_owned).collect();
    let ignored = customer.ignored.clone();
    let Explained { treatment, model, explanation } =
        state.explainer.explain(live.snapshot(), customer, id).await?;
    let answer = ExplainAnswer { treatment, model, config_version, explanation, imputed, ignored };
    Ok(HttpResponse::Ok().json(answer))
}

/// Whom the body describes, or names.
async fn customer(body: &[u8], live: &Snapshot, state: &State) -> Result<Customer, Problem> {
    let Ok(KnownClient { client_id }) = serde_json::from_slice(body) else {
        return Ok(Customer::parse(body, &live.schema, state.clock.now().date_naive())?);
    };
    check_client_id(&client_id).map_err(|message| Problem::field("client_id", message))?;
    state
        .known_customer(live, &client_id)
        .await?
        .ok_or_else(|| Problem::not_found("client_id_not_found: no features are stored of this client"))
}
