//! Headers that every answer carries, whoever made it: a route, or what turned the request away.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// Nothing is sniffed, framed, cached or referred to; a page that needs more sets its own policy.
const SECURITY: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];

/// Adds the security headers that the answer does not have.
pub(crate) fn secure(headers: &mut HeaderMap) {
    for (name, value) in SECURITY {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Sets a header; a value that cannot stand in one is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Changes the head of an answer, and of an error, which becomes its answer here.
pub(crate) fn dress<B: MessageBody>(
    outcome: Result<ServiceResponse<B>, Error>,
    change: impl FnOnce(&mut ResponseHead),
) -> Result<ServiceResponse<B>, Error> {
    match outcome {
        Ok(mut response) => {
            change(response.response_mut().head_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            change(response.head_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Middleware for faces that are no [`crate::Face`]: the security headers, and nothing else.
///
/// # Errors
/// Those of the route.
pub async fn secured<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut response = next.call(request).await?;
    secure(response.headers_mut());
    Ok(response)
}
