//! Headers that every answer carries.

use actix_web::middleware::DefaultHeaders;

/// Nothing is sniffed, framed, cached or referred to; a page that needs more sets its own policy.
pub fn security() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "no-referrer"))
        .add(("cache-control", "no-store"))
        .add(("content-security-policy", "default-src 'none'; frame-ancestors 'none'"))
}
