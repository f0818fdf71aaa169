//! `POST /outcomes`: what became of clients. One statement, or many as `POST /predict/batch` takes its rows; answered
//! only when they are in the database.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::outcome::Outcome;
use bellwether_store::OutcomeEffect;
use bellwether_web::{Problem, body};
use serde::Serialize;
use utoipa::ToSchema;

use super::batch::{Shape, TYPES, line};
use crate::state::State;

/// What a statement did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutcomeTaken {
    /// Whom it is about.
    client_id: String,
    /// The statement's name: the sender's, or when it occurred.
    id: String,
    /// `recorded`: the first of its name. `corrected`: in place of an older one. `unchanged`: said before. `superseded`:
    /// a newer one says something else, and stays.
    #[schema(value_type = String)]
    effect: OutcomeEffect,
}

#[utoipa::path(
    post, path = "/outcomes", tag = "outcomes",
    request_body(content = Object, description = "A statement, an array of them, or one a line as application/x-ndjson. The same again changes nothing.", content_type = "application/json"),
    responses(
        (status = 200, description = "in the database: what the statement did; of several, that or a problem for each, in their order", body = Object),
        (status = 400, description = "not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "neither JSON nor NDJSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "fields at fault, or too many statements", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not now: nothing was taken", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn outcomes(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let body = body::read(&request, payload, state.limits.batch, &TYPES).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let shape = Shape::of(&request, text);
    if matches!(shape, Shape::Array) && !text.trim_start().starts_with('[') {
        return one(text, &state).await;
    }
    let rows = shape.rows(text)?;
    if rows.len() > state.limits.batch_rows {
        let message = format!("expected at most {} statements, not {}", state.limits.batch_rows, rows.len());
        return Err(Problem::field("body", message));
    }
    let now = state.clock.now();
    let read: Vec<_> = rows.iter().map(|row| Outcome::parse(row.as_bytes(), now)).collect();
    let good: Vec<Outcome> = read.iter().filter_map(|row| row.as_ref().ok()).cloned().collect();
    let mut effects = state.outcomes.record_outcomes(&good).await?.into_iter();
    let mut lines = Vec::with_capacity(read.len());
    for row in read {
        lines.push(match row {
            Ok(outcome) => line(&taken(outcome, effects.next())?)?,
            Err(error) => line(&Problem::from(error))?,
        });
    }
    Ok(shape.answer(lines.into_iter()))
}

async fn one(text: &str, state: &State) -> Result<HttpResponse, Problem> {
    let outcome = Outcome::parse(text.as_bytes(), state.clock.now())?;
    let effect = state.outcomes.record_outcomes(std::slice::from_ref(&outcome)).await?;
    Ok(HttpResponse::Ok().json(taken(outcome, effect.into_iter().next())?))
}

fn taken(outcome: Outcome, effect: Option<OutcomeEffect>) -> Result<OutcomeTaken, Problem> {
    let effect =
        effect.ok_or_else(|| Problem::internal(&"the store told of fewer statements than it got"))?;
    let Outcome { client_id, id, .. } = outcome;
    Ok(OutcomeTaken { client_id, id, effect })
}
