//! Is the process alive, and may it be sent requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Responder};

use crate::Problem;

/// Answers 200 while the process lives.
pub fn alive() -> impl Responder {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("app is healthy")
}

/// Whether a process is on its way out. Cheap to clone; all clones agree.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on the process is not ready.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// 200 `ready`, or 503 with the reasons against it.
///
/// # Errors
/// The 503.
pub fn ready(draining: &Draining, mut reasons: Vec<String>) -> Result<HttpResponse, Problem> {
    if draining.has_begun() {
        reasons.insert(0, "this process is draining".to_owned());
    }
    if reasons.is_empty() {
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready"));
    }
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, reasons.join("; ")))
}
