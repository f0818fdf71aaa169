//! A page as an answer: what it may load, and where it leads.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_web::Problem;

/// Our own files only, no frames, forms to ourselves.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page with status 200.
///
/// # Errors
/// Where the template cannot be rendered.
pub fn page(template: &impl Template) -> Result<HttpResponse, Problem> {
    page_of(HttpResponse::Ok(), template)
}

/// A page with another status, or with headers of its own.
///
/// # Errors
/// Where the template cannot be rendered.
pub fn page_of(mut answer: HttpResponseBuilder, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template.render().map_err(|error| Problem::internal(&error))?;
    Ok(answer
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        // Without it browsers would send `Origin: null` with our own forms.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .body(html))
}

/// Sends the browser on to a page of ours, after a form was taken.
pub fn go(path: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path.as_ref())).finish()
}
