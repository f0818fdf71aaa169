//! The console's own files: one sheet, one script, one icon. Nothing is loaded from elsewhere.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

pub(super) const CSS: &str = include_str!("../../assets/console.css");
pub(super) const JS: &str = include_str!("../../assets/console.js");
pub(super) const ICON: &str = include_str!("../../assets/icon.svg");

/// Pages name a file with a hash of its content.
fn asset(media_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(content)
}

pub(crate) async fn css() -> HttpResponse {
    asset("text/css; charset=utf-8", CSS)
}

pub(crate) async fn js() -> HttpResponse {
    asset("text/javascript; charset=utf-8", JS)
}

pub(crate) async fn icon() -> HttpResponse {
    asset("image/svg+xml", ICON)
}
