//! Which route a request is for, by its pattern: what logs and metrics may name without telling what a
//! caller wrote.

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;

/// A route's pattern, or `unknown`.
#[derive(Debug, Clone)]
pub(crate) struct Route(String);

impl Route {
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| Self(request.match_pattern().unwrap_or_else(|| "unknown".to_owned())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is asked by what watches over the process, which has no token, speaks http, and must be
    /// answered most of all when too much is asked.
    pub(crate) fn is_watched(&self) -> bool {
        ["/health", "/ready", "/metrics"].contains(&self.0.as_str())
    }
}
