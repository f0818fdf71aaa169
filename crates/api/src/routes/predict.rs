//! `POST /predict`: one customer in, one prediction out.

use std::sync::Arc;
use std::time::Instant;

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use bellwether_core::customer::Customer;
use bellwether_core::prediction::{Answer, Purpose};
use bellwether_web::trace::Trace;
use bellwether_web::{Problem, body};

use crate::idempotency::IdempotencyKey;
use crate::predictor::Call;
use crate::scoring::Served;
use crate::state::State;

#[utoipa::path(
    post, path = "/predict", tag = "predictions",
    params(("Idempotency-Key" = Option<String>, Header, description = "Of the calls under one key at most one is emailed; 1 to 255 visible ASCII characters.", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body(content = ref("#/components/schemas/Customer"), content_type = "application/json"),
    responses(
        (status = 200, description = "the prediction, written down", body = Answer),
        (status = 400, description = "not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "not application/json", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "fields at fault, every one named", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not now: overload, no live model, or nowhere to write the prediction down", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn predict(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let call = call(&request)?;
    let body = body::read(&request, payload, state.limits.body, &["application/json"]).await?;
    let live = live(&state)?;
    let customer = Customer::parse(&body, &live.schema, state.clock.now().date_naive())?;
    let (begun, purpose) = (call.begun, call.purpose);
    let answer = state.predictor.predict(&live, customer, call).await?;
    if let Some(traffic) = state.live.traffic().filter(|_| purpose.is_none()) {
        traffic.answered(&answer, Some(begun.elapsed()));
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// The circumstances of a request that has just arrived.
///
/// # Errors
/// 422 for an `Idempotency-Key` that is none.
pub(crate) fn call(request: &HttpRequest) -> Result<Call, Problem> {
    let email_key = IdempotencyKey::of(request)?.map(|key| key.digest());
    let extensions = request.extensions();
    Ok(Call {
        begun: Instant::now(),
        purpose: extensions.get::<Purpose>().copied(),
        email_key,
        trace: extensions.get::<Trace>().copied(),
    })
}

/// What is live.
///
/// # Errors
/// 503 while nothing is.
pub(crate) fn live(state: &State) -> Result<Arc<Served>, Problem> {
    state.live.served().ok_or_else(|| Problem::unavailable(state.live.hindrances().join("; ")))
}
