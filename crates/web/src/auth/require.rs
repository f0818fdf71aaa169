//! The middleware by which a route demands a scope.

use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use bellwether_core::prediction::Purpose;

use super::{Identity, Refusal, Scope};
use crate::{Problem, metrics};

/// The header that marks a call made for no client's sake.
pub const PURPOSE_HEADER: &str = "x-bellwether-purpose";

/// Middleware, inside [`Face`](crate::Face): lets a request through if its caller has the scope, before its
/// body is read. Use as `from_fn(|request, next| require(Scope::Predict, request, next))`.
///
/// # Errors
/// 401, 403 and 503 as [`Refusal`] says; 422 for an unknown purpose.
pub async fn require<B: MessageBody + 'static>(
    scope: Scope,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    check(&request, scope)?;
    if let Some(purpose) = request.headers().get(PURPOSE_HEADER) {
        check(&request, Scope::Config)?;
        let purpose: Purpose = purpose
            .to_str()
            .unwrap_or_default()
            .parse()
            .map_err(|error: String| Problem::field(PURPOSE_HEADER, error))?;
        request.extensions_mut().insert(purpose);
    }
    next.call(request).await
}

fn check(request: &ServiceRequest, scope: Scope) -> Result<(), Problem> {
    let extensions = request.extensions();
    // Nobody was identified where the face is missing: nobody is let in.
    let refusal = match extensions.get::<Identity>() {
        Some(Ok(caller)) if caller.scopes.carry(scope) => return Ok(()),
        Some(Ok(_)) => Refusal::LacksScope(scope),
        Some(Err(refusal)) => *refusal,
        None => Refusal::NoToken,
    };
    metrics::refused(refusal.reason());
    Err(refusal.into())
}
