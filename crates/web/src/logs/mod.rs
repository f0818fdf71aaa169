//! Structured logs: one JSON object a line, each request's lines under its id. Client data never goes
//! here: a request is logged by its route's pattern, not by its path or query.

mod json;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage as _};
use bellwether_settings::{Log, LogFormat};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};
use uuid::Uuid;

use crate::route::Route;
use crate::trace::Trace;
use crate::{panics, sentry};
use json::JsonLines;

/// Begins to log as the settings say, panics included. A process calls this once; later calls change
/// nothing.
///
/// # Errors
/// Where `log.level` cannot be read.
pub fn begin(settings: &Log) -> Result<(), tracing_subscriber::filter::ParseError> {
    // sqlx tells every statement at debug; that is for its own developers. tracing-actix-web tells every
    // error whole, and what a caller did wrong may quote the caller.
    let filter = EnvFilter::try_new(format!("{},sqlx=warn,tracing_actix_web=off", settings.level))?;
    let lines = match settings.format {
        LogFormat::Json => JsonLines::new(std::io::stderr).boxed(),
        LogFormat::Text => fmt::layer().with_target(false).with_writer(std::io::stderr).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(lines).with(filter).with(sentry::layer());
    if subscriber.try_init().is_ok() {
        panics::log();
    }
    Ok(())
}

/// Names the prediction that this request makes, in its log lines and reports.
pub fn name_uid(uid: Uuid) {
    Span::current().record("uid", tracing::field::display(uid));
    sentry::tag_uid(uid);
}

/// Middleware that gives each request an id and logs its end.
pub fn requests() -> TracingLogger<RequestSpan> {
    TracingLogger::<RequestSpan>::new()
}

/// The span that a request's log lines stand in.
#[derive(Debug)]
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(|id| Uuid::from(*id)).unwrap_or_default();
        let (route, trace) = (Route::of(request), Trace::of(request.headers(), id));
        let span = tracing::info_span!(
            "request",
            request_id = %id,
            trace_id = trace.id(),
            method = %request.method(),
            route = route.as_str(),
            caller = tracing::field::Empty,
            status = tracing::field::Empty,
            uid = tracing::field::Empty,
        );
        let mut extensions = request.extensions_mut();
        extensions.insert(route);
        extensions.insert(trace);
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        if status.is_server_error() {
            tracing::warn!(parent: &span, "answered");
        } else {
            tracing::info!(parent: &span, "answered");
        }
    }
}
