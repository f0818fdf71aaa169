//! A site's own files: one sheet, one script, one icon. Nothing is loaded from elsewhere.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};

const CSS: &str = include_str!("../assets/pages.css");
const ICON: &str = include_str!("../assets/icon.svg");

/// The files, and what pages name them by.
pub struct Assets {
    css: String,
    js: &'static str,
    version: String,
}

impl Assets {
    /// Every site's sheet with this one's own after it, and its script.
    pub fn new(css: &str, js: &'static str) -> Self {
        let css = format!("{CSS}{css}");
        let mut hash = Sha256::new();
        for asset in [css.as_str(), js, ICON] {
            hash.update(asset);
        }
        let version = format!("{:x}", hash.finalize()).chars().take(12).collect();
        Self { css, js, version }
    }

    /// Changes with every change of the files, so that browsers may keep them for long.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The sheet, as an answer.
    pub fn css(&self) -> HttpResponse {
        asset("text/css; charset=utf-8", self.css.clone())
    }

    /// The script, as an answer.
    pub fn js(&self) -> HttpResponse {
        asset("text/javascript; charset=utf-8", self.js.to_owned())
    }

    /// The icon, as an answer.
    pub fn icon(&self) -> HttpResponse {
        asset("image/svg+xml", ICON.to_owned())
    }
}

/// Pages name a file with a hash of its content.
fn asset(media_type: &'static str, content: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(content)
}
