//! Structured logs: one JSON object a line, each request's lines under its id. Client data never goes
//! here: a request is logged by its route's pattern, not by its path or query.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use bellwether_settings::{Log, LogFormat};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};
use tracing_subscriber::EnvFilter;

/// Begins to log as the settings say. A process calls this once; later calls change nothing.
///
/// # Errors
/// Where `log.level` cannot be read.
pub fn begin(settings: &Log) -> Result<(), tracing_subscriber::filter::ParseError> {
    // sqlx tells every statement at debug; that is for its own developers.
    let filter = EnvFilter::try_new(format!("{},sqlx=warn", settings.level))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match settings.format {
        LogFormat::Json => {
            subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
        LogFormat::Text => subscriber.with_target(false).try_init(),
    };
    if begun.is_err() {
        tracing::debug!("logs had begun already");
    }
    Ok(())
}

/// Middleware that gives each request an id and logs its end.
pub fn requests() -> TracingLogger<RequestSpan> {
    TracingLogger::<RequestSpan>::new()
}

/// Middleware, inside [`requests`]: tells the caller the id its request is logged under.
///
/// # Errors
/// Those of the route.
pub async fn tell_id<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = request.extensions().get::<RequestId>().map(ToString::to_string);
    let mut response = next.call(request).await?;
    if let Some(id) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    Ok(response)
}

/// The span that a request's log lines stand in.
#[derive(Debug)]
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        tracing::info_span!(
            "request",
            request_id = %id,
            method = %request.method(),
            route = request.match_pattern().as_deref().unwrap_or("unknown"),
            status = tracing::field::Empty,
            uid = tracing::field::Empty,
        )
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
