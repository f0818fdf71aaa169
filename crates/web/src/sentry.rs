//! Reports of errors and panics to Sentry. They are made of our own log lines, which hold no client data;
//! no body, query, address or user is ever added.

use std::sync::Arc;

use bellwether_settings::Settings;
use secrecy::ExposeSecret as _;
use sentry::integrations::backtrace::{ProcessStacktraceIntegration, current_thread};
use sentry::integrations::tracing::{BreadcrumbLayer, ErrorLayer};
use sentry::protocol::{Context, Event, Value};
use sentry::types::Dsn;
use sentry::{ClientInitGuard, ClientOptions, Hub, Integration};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use crate::panics;

/// Warnings that are told along with an error.
const MAX_BREADCRUMBS: usize = 20;
/// Where `sentry-tracing` puts a log line's fields.
const FIELDS: &str = "Rust Tracing Fields";

/// `sentry.dsn` cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("sentry.dsn: expected https://KEY@HOST/PROJECT, or nothing")]
pub struct SentryError;

/// Reports for as long as it lives; what is waiting then is sent, for 2 s at most.
#[must_use = "reports end when this is dropped"]
pub struct Reports {
    _guard: Option<ClientInitGuard>,
}

/// Begins to report, where the settings name a DSN. Call it before [`logs::begin`](crate::logs::begin), and
/// before there is any other thread: a thread that logged before would never report.
///
/// # Errors
/// Where `sentry.dsn` cannot be read.
pub fn begin(settings: &Settings) -> Result<Reports, SentryError> {
    let dsn = settings.sentry.dsn.expose_secret();
    if dsn.is_empty() {
        return Ok(Reports { _guard: None });
    }
    let mut options = ClientOptions::default();
    options.dsn = Some(dsn.parse::<Dsn>().map_err(|_| SentryError)?);
    options.environment = Some(settings.environment.as_str().into());
    options.release = Some(concat!("bellwether@", env!("CARGO_PKG_VERSION")).into());
    options.send_default_pii = false;
    options.max_breadcrumbs = MAX_BREADCRUMBS;
    options.in_app_include = vec!["bellwether"];
    // The default integrations would tell the host's name, and would report a panic's message as it is.
    options.default_integrations = false;
    options.integrations = vec![Arc::new(PanicStacks), Arc::new(ProcessStacktraceIntegration)];
    options.before_send = Some(Arc::new(|event| Some(tidied(event))));
    Ok(Reports { _guard: Some(sentry::init(options)) })
}

/// Whether reports are made.
pub(crate) fn is_on() -> bool {
    Hub::main().client().is_some_and(|client| client.is_enabled())
}

/// Turns our own errors into reports, and our own warnings into what preceded them. Other crates' lines are
/// not: nobody here answers for what they hold.
pub(crate) fn layer<S>() -> Option<impl Layer<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let of = |level: Level| {
        filter_fn(move |line: &Metadata<'_>| {
            line.is_event() && *line.level() == level && line.target().starts_with("bellwether")
        })
    };
    is_on().then(|| {
        let errors = ErrorLayer::new().with_filter(of(Level::ERROR));
        let warnings = BreadcrumbLayer::new().with_filter(of(Level::WARN));
        errors.and_then(warnings)
    })
}

/// A request's own hub: what is reported while it is answered carries its ids, and nobody else's.
pub(crate) fn hub(request_id: &str, trace_id: &str, route: &str) -> Arc<Hub> {
    let hub = Hub::new_from_top(Hub::main());
    hub.configure_scope(|scope| {
        scope.clear_breadcrumbs();
        scope.set_tag("request_id", request_id);
        scope.set_tag("trace_id", trace_id);
        scope.set_tag("route", route);
    });
    Arc::new(hub)
}

/// Reports made from here on in this request carry the prediction's uid.
pub(crate) fn tag_uid(uid: Uuid) {
    sentry::configure_scope(|scope| scope.set_tag("uid", uid));
}

/// Adds the stack to reports of panics, whose line is written where it happened. Other errors say by their
/// words where they come from; looking symbols up would hold up the requests beside them.
struct PanicStacks;

impl Integration for PanicStacks {
    fn process_event(&self, mut event: Event<'static>, _options: &ClientOptions) -> Option<Event<'static>> {
        if event.message.as_deref() == Some(panics::MESSAGE) {
            event.threads.values.push(current_thread(true));
        }
        Some(event)
    }
}

/// A uid that a log line names becomes a tag, so that reports can be searched by it; panics at several places
/// are several matters.
fn tidied(mut event: Event<'static>) -> Event<'static> {
    event.user = None;
    event.request = None;
    event.server_name = None;
    let Some(Context::Other(fields)) = event.contexts.get(FIELDS) else { return event };
    let text = |name| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let (uid, place) = (text("uid"), text("place"));
    if let Some(uid) = uid {
        event.tags.entry("uid".to_owned()).or_insert(uid);
    }
    if let Some(place) = place {
        event.fingerprint = vec!["{{ default }}".into(), place.into()].into();
    }
    event
}
