//! A panic is a bug, and no reason to cut a connection: it is logged, counted, and answered with a 500.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::AssertUnwindSafe;

use actix_web::Error;
use actix_web::http::StatusCode;
use futures_util::FutureExt as _;

use crate::Problem;

/// What a panic's log line says.
pub(crate) const MESSAGE: &str = "panicked";

/// From now on a panic is a line of the log. A message that is a literal is told; a formatted one is not,
/// for it may hold what a client sent.
pub(crate) fn log() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload().downcast_ref::<&'static str>();
        let why = why.copied().unwrap_or("(a formatted message, left out: it may hold client data)");
        let trace = Backtrace::capture();
        let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, why, trace, "{MESSAGE}");
        } else {
            eprintln!("panicked at {place}: {why}");
        }
    }));
}

/// The answer, or where making it panics, a 500.
///
/// # Errors
/// Those of the answer, and that 500.
pub(crate) async fn caught<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if let Ok(answer) = AssertUnwindSafe(answer).catch_unwind().await {
        return answer;
    }
    metrics::counter!("bellwether_http_panics_total").increment(1);
    Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something failed on our side").into())
}
