//! Request bodies with bounds: how large, how slow, and of which type.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;

use crate::Problem;

/// How much of a body is taken.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit {
    /// Its size, in bytes.
    pub bytes: usize,
    /// How long it may take to arrive.
    pub timeout: Duration,
}

/// Reads a whole body of one of these media types. A request without `Content-Type` is taken at its
/// word.
///
/// # Errors
/// 415 for another type, 413 for a larger body, 408 for a slower one, 400 where it breaks off.
pub async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: BodyLimit,
    types: &[&str],
) -> Result<Bytes, Problem> {
    media_type(request, types)?;
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit.bytes) {
        return Err(too_large(limit));
    }
    match tokio::time::timeout(limit.timeout, collect(payload, limit, length)).await {
        Ok(body) => body,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} s", limit.timeout.as_secs()),
        )),
    }
}

fn media_type(request: &HttpRequest, types: &[&str]) -> Result<(), Problem> {
    let Some(given) = request.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let given = given.to_str().unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if types.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    let detail = format!("Content-Type: expected {}, not `{given}`", types.join(" or "));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

async fn collect(mut payload: Payload, limit: BodyLimit, length: Option<usize>) -> Result<Bytes, Problem> {
    let mut body = BytesMut::with_capacity(length.unwrap_or(1024).min(limit.bytes));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("the body broke off"))?;
        if body.len() + chunk.len() > limit.bytes {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large(limit: BodyLimit) -> Problem {
    let detail = format!("the body is larger than {} bytes", limit.bytes);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
