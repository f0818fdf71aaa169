//! `POST /predict/batch`: many customers in, as a JSON array or NDJSON; the same out, an answer or a
//! problem for each, in the order asked.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::customer::Customer;
use bellwether_web::{Problem, body};
use serde_json::value::RawValue;

use super::predict::{call, live};
use crate::state::State;

pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const TYPES: [&str; 4] = ["application/json", NDJSON, "application/ndjson", "application/jsonl"];

#[utoipa::path(
    post, path = "/predict/batch", tag = "predictions",
    request_body(content = Vec<serde_json::Value>, description = "An array of customers as `POST /predict` takes them, or one a line as application/x-ndjson.", content_type = "application/json"),
    responses(
        (status = 200, description = "an answer, or a problem, for each customer in the order asked", body = Vec<Object>),
        (status = 400, description = "not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "neither JSON nor NDJSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "not a list of customers, or too many", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn predict_batch(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let call = call(&request)?;
    let body = body::read(&request, payload, state.limits.batch, &TYPES).await?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let shape = Shape::of(&request, text);
    let rows = shape.rows(text)?;
    if rows.len() > state.limits.batch_rows {
        let message = format!("expected at most {} rows, not {}", state.limits.batch_rows, rows.len());
        return Err(Problem::field("body", message));
    }
    let live = live(&state)?;
    let today = state.clock.now().date_naive();
    let mut customers = Vec::with_capacity(rows.len());
    let mut lines: Vec<Option<String>> = Vec::with_capacity(rows.len());
    for row in rows {
        match Customer::parse(row.as_bytes(), &live.schema, today) {
            Ok(customer) => {
                customers.push(customer);
                lines.push(None);
            }
            Err(error) => lines.push(Some(line(&Problem::from(error))?)),
        }
    }
    let traffic = state.live.traffic().filter(|_| call.purpose.is_none());
    let mut answers = state.predictor.predict_batch(&live, customers, call).await.into_iter();
    for slot in lines.iter_mut().filter(|slot| slot.is_none()) {
        *slot = match answers.next() {
            Some(Ok(answer)) => {
                if let Some(traffic) = &traffic {
                    traffic.answered(&answer, None);
                }
                Some(line(&answer)?)
            }
            Some(Err(error)) => {
                let problem = Problem::from(error);
                if let Some(traffic) = traffic.as_ref().filter(|_| problem.status() >= 500) {
                    traffic.failed();
                }
                Some(line(&problem)?)
            }
            None => None,
        };
    }
    Ok(shape.answer(lines.into_iter().flatten()))
}

/// A row of the answer.
pub(super) fn line(value: &impl serde::Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| Problem::internal(&error))
}

/// How the rows are written, in and out.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Array,
    Lines,
}

impl Shape {
    /// What the content type says; where it says nothing, what the body begins with.
    pub(super) fn of(request: &HttpRequest, text: &str) -> Self {
        match request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
            Some(given) if given.to_ascii_lowercase().starts_with("application/json") => Self::Array,
            None if !text.trim_start().starts_with('{') => Self::Array,
            _ => Self::Lines,
        }
    }

    pub(super) fn rows(self, text: &str) -> Result<Vec<&str>, Problem> {
        match self {
            Self::Lines => Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()),
            Self::Array => {
                let rows: Vec<&RawValue> =
                    serde_json::from_str(text).map_err(|error| not_an_array(&error))?;
                Ok(rows.into_iter().map(RawValue::get).collect())
            }
        }
    }

    pub(super) fn answer(self, lines: impl Iterator<Item = String>) -> HttpResponse {
        let lines: Vec<String> = lines.collect();
        match self {
            Self::Lines => {
                let body = lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>();
                HttpResponse::Ok().content_type(NDJSON).body(body)
            }
            Self::Array => {
                HttpResponse::Ok().content_type("application/json").body(format!("[{}]", lines.join(",")))
            }
        }
    }
}

fn not_an_array(error: &serde_json::Error) -> Problem {
    if error.is_data() {
        return Problem::field(
            "body",
            "expected a JSON array of objects; lines of JSON are sent as application/x-ndjson",
        );
    }
    Problem::bad_request(format!(
        "the body is not valid JSON: line {} column {}",
        error.line(),
        error.column()
    ))
}
