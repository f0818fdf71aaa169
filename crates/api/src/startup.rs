//! From settings to a running service: its parts, its routes, its way out.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, ResponseError as _, web};
use anyhow::Context as _;
use bellwether_settings::{AuthMode, Settings};
use bellwether_store::ConfigChanges;
use bellwether_web::auth::{Scope, require};
use bellwether_web::health::Draining;
use bellwether_web::{Face, Problem, logs, metrics, tls};
use chrono::TimeDelta;
use futures_util::StreamExt as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::flagged::FlaggedClients;
use crate::live::Live;
use crate::pages::{self, Desk};
use crate::resources::{Parts, Resources};
use crate::routes;
use crate::state::{Limits, State};
use crate::traffic::count_failures;

/// Every route there is. The names at the root are version 1 and change only by addition. `/metrics` is
/// not among them where it has a port of its own.
fn routes(config: &mut web::ServiceConfig, metrics_here: bool) {
    let guard = |scope: Scope| from_fn(move |request, next| require(scope, request, next));
    config
        .service(resource("/", "GET, POST").get(routes::ready::root).post(routes::ready::root_by_post))
        .service(
            resource("/health", "GET, POST").get(routes::ready::alive).post(routes::ready::alive_by_post),
        )
        .service(resource("/ready", "GET").get(routes::ready::ready))
        .service(resource("/predict", "POST").post(routes::predict::predict).wrap(guard(Scope::Predict)))
        .service(
            resource("/predict/batch", "POST").post(routes::batch::predict_batch).wrap(guard(Scope::Predict)),
        )
        .service(resource("/explain", "POST").post(routes::explain::explain).wrap(guard(Scope::Predict)))
        .service(resource("/emails", "POST").post(routes::emails::enqueue).wrap(guard(Scope::Emails)))
        .service(resource("/jobs/{id}", "GET").get(routes::jobs::job).wrap(guard(Scope::Emails)))
        .service(resource("/outcomes", "POST").post(routes::outcomes::outcomes).wrap(guard(Scope::Outcomes)))
        .service(resource("/flagged", "GET").get(routes::flagged::flagged).wrap(guard(Scope::Predict)))
        .service(resource("/config", "GET").get(routes::config::config).wrap(guard(Scope::Config)))
        .service(
            resource("/config-refresh", "GET, POST")
                .get(routes::config::refresh)
                .post(routes::config::refresh_by_post)
                .wrap(guard(Scope::Config)),
        )
        .service(resource("/bundles", "GET").get(routes::bundles::bundles).wrap(guard(Scope::Config)))
        .service(
            resource("/bundles/{uid}/parity", "GET").get(routes::bundles::parity).wrap(guard(Scope::Config)),
        )
        .service(
            resource("/bundles/{uid}/statistics", "GET")
                .get(routes::statistics::statistics)
                .wrap(guard(Scope::Config)),
        )
        .service(resource("/openapi.json", "GET").get(routes::docs::openapi))
        .service(resource("/docs", "GET").get(routes::docs::docs))
        .default_service(web::to(unknown_route));
    if metrics_here {
        config.service(resource("/metrics", "GET").get(routes::docs::metrics));
    }
}

/// Every page of the model page, and every form. They take the cookie of a session, which each asks for itself, and
/// forms from our own pages only.
fn page_routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/assets/model.css", "GET").get(pages::css))
        .service(resource("/assets/model.js", "GET").get(pages::js))
        .service(resource("/assets/icon.svg", "GET").get(pages::icon))
        .service(resource("/login", "GET, POST").get(pages::login::show).post(pages::login::log_in))
        .service(resource("/logout", "POST").post(pages::login::log_out))
        .service(resource(pages::HOME, "GET, POST").get(pages::table::show).post(pages::table::look))
        .service(resource("/model_interface/upload", "POST").post(pages::table::upload))
        .service(resource("/model_interface/table", "POST").post(pages::table::sort))
        .service(resource("/model_interface/table.csv", "POST").post(pages::table::save))
        .service(resource(pages::flagged::PATH, "GET").get(pages::flagged::show))
        .service(resource("/model_interface/flagged.csv", "GET").get(pages::flagged::save))
        .service(
            resource("/model_interface/clients/{id}", "GET, POST")
                // What is no text names no client.
                .app_data(web::PathConfig::default().error_handler(|_, _| pages::no_such_page().into()))
                .get(pages::client::show)
                .post(pages::client::what_if),
        );
}

fn resource(path: &str, allowed: &'static str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(move || async move { wrong_method(allowed) }))
}

async fn unknown_route() -> HttpResponse {
    Problem::not_found("there is no such route; see /docs").error_response()
}

/// How a resource answers a method it does not have.
fn wrong_method(allowed: &'static str) -> HttpResponse {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("expected {allowed}"));
    let mut response = problem.error_response();
    response.headers_mut().insert(ALLOW, actix_web::http::header::HeaderValue::from_static(allowed));
    response
}

/// The service: bound to its port, and not yet answering.
pub struct Application {
    server: Server,
    metrics_server: Option<Server>,
    address: SocketAddr,
    resources: Resources,
    draining: Draining,
    metrics: PrometheusHandle,
    timings: Timings,
    /// Ends what runs beside the answers.
    background: CancellationToken,
    desk: Option<Desk>,
}

#[derive(Clone, Copy)]
struct Timings {
    poll: Duration,
    heartbeat: Duration,
    notice: Duration,
    drain: Duration,
}

/// How often recorded metrics are folded up; unfolded, they would pile up between two scrapes.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

impl Application {
    /// Opens what the settings name and binds the port.
    ///
    /// # Errors
    /// Naming the setting at fault.
    pub async fn build(settings: &Settings, parts: Parts) -> anyhow::Result<Self> {
        let listener = bind("server.bind", &settings.server.bind.to_string())?;
        let address = listener.local_addr()?;
        let background = CancellationToken::new();
        let draining = Draining::default();
        let face = Face::begin(settings, draining.clone(), &background).await?;
        metrics::tell_build("api");
        let metrics = web::Data::new(parts.metrics.clone());
        let metrics_server = match settings.server.metrics_bind.as_str() {
            "" => None,
            inside => Some(serve_metrics(bind("server.metrics_bind", inside)?, metrics.clone())?),
        };
        let handle = parts.metrics.clone();
        let resources = Resources::open(settings, parts).await?;
        let state = web::Data::new(State {
            live: resources.live.clone(),
            predictor: resources.predictor.clone(),
            explainer: resources.explainer.clone(),
            clients: resources.database.clone(),
            log: resources.database.clone(),
            journal: resources.journal.clone(),
            jobs: resources.database.clone(),
            emails: resources.emails.clone(),
            keys: resources.database.clone(),
            outcomes: resources.database.clone(),
            flagged: FlaggedClients {
                standings: resources.database.clone(),
                max_age: TimeDelta::days(settings.flagged.max_age_days.into()),
            },
            changes: resources.changes.clone(),
            draining: draining.clone(),
            limits: Limits::new(settings),
            auth_required: settings.auth.mode == AuthMode::Required,
            clock: resources.clock.clone(),
        });
        let desk = settings
            .model_page
            .enabled
            .then(|| Desk::new(settings, resources.database.clone(), resources.clock.clone()));
        let server = serve(settings, listener, face, state, desk.clone(), metrics)?;
        let timings = Timings {
            poll: Duration::from_secs(settings.config.poll_seconds),
            heartbeat: Duration::from_secs(settings.replicas.heartbeat_seconds),
            notice: Duration::from_secs(settings.server.drain_notice_seconds),
            drain: Duration::from_secs(settings.server.drain_seconds),
        };
        tracing::info!(%address, "answering");
        Ok(Self {
            server,
            metrics_server,
            address,
            resources,
            draining,
            metrics: handle,
            timings,
            background,
            desk,
        })
    }

    /// Where the service listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is cancelled; then readiness goes false and callers are asked to leave, the port is
    /// closed, answers in flight leave, and the journal is relayed as far as time allows. What is left in it stays
    /// for the next start.
    ///
    /// # Errors
    /// Where the server fails.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { server, metrics_server, resources, draining, metrics, timings, background, desk, .. } =
            self;
        tokio::spawn(
            background.clone().run_until_cancelled_owned(poll_config(resources.live.clone(), timings.poll)),
        );
        let listening = listen_for_changes(resources.live.clone(), resources.changes.clone());
        tokio::spawn(background.clone().run_until_cancelled_owned(listening));
        let beating = resources.heartbeat.clone().run(timings.heartbeat);
        tokio::spawn(background.clone().run_until_cancelled_owned(beating));
        tokio::spawn(background.clone().run_until_cancelled_owned(keep_metrics(metrics)));
        if let Some(desk) = desk {
            tokio::spawn(background.clone().run_until_cancelled_owned(tidy(desk)));
        }
        if let Some(server) = metrics_server {
            tokio::spawn(background.clone().run_until_cancelled_owned(server));
        }
        let handle = server.handle();
        let mut serving = tokio::spawn(server);
        tokio::select! {
            () = stop.cancelled() => {}
            ended = &mut serving => {
                ended.context("the server panicked")?.context("the server failed")?;
                anyhow::bail!("the server stopped by itself");
            }
        }
        draining.begin();
        tokio::time::sleep(timings.notice).await;
        let deadline = tokio::time::Instant::now() + timings.drain;
        if tokio::time::timeout_at(deadline, handle.stop(true)).await.is_err() {
            tracing::warn!("some answers in flight did not leave in time");
        }
        background.cancel();
        resources.close(deadline).await;
        Ok(())
    }
}

fn bind(key: &str, address: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| format!("{key}: {address} cannot be bound"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn serve(
    settings: &Settings,
    listener: TcpListener,
    face: Face,
    state: web::Data<State>,
    desk: Option<Desk>,
    metrics: web::Data<PrometheusHandle>,
) -> anyhow::Result<Server> {
    let metrics_here = settings.server.metrics_bind.is_empty();
    let desk = desk.map(web::Data::new);
    let mut server = HttpServer::new(move || {
        let desk = desk.clone();
        let (face, live) = (face.clone(), state.live.clone());
        // What is wrapped last comes first: a request gets its id, passes the face, which says in what order
        // it looks at what, and comes to its route, which demands a scope.
        App::new()
            .app_data(state.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(move |request, next| face.clone().serve(request, next)))
            .wrap(from_fn(move |request, next| count_failures(live.clone(), request, next)))
            .wrap(logs::requests())
            .configure(move |config| routes(config, metrics_here))
            .configure(move |config| {
                if let Some(desk) = desk {
                    page_routes(config.app_data(desk));
                }
            })
    })
    .disable_signals()
    .client_request_timeout(Duration::from_secs(settings.server.request_timeout_seconds))
    .keep_alive(Duration::from_secs(settings.server.keep_alive_seconds))
    .shutdown_timeout(settings.server.drain_seconds);
    if settings.server.threads > 0 {
        server = server.workers(settings.server.threads);
    }
    let (certificate, key) = (&settings.server.tls_certificate_file, &settings.server.tls_key_file);
    let server = if certificate.is_empty() {
        server.listen(listener)?
    } else {
        server.listen_rustls_0_23(listener, tls::server_config(Path::new(certificate), Path::new(key))?)?
    };
    Ok(server.run())
}

/// `/metrics` on a port of its own, for the inside of a cluster.
fn serve_metrics(listener: TcpListener, metrics: web::Data<PrometheusHandle>) -> anyhow::Result<Server> {
    let server = HttpServer::new(move || {
        App::new().app_data(metrics.clone()).service(resource("/metrics", "GET").get(routes::docs::metrics))
    });
    Ok(server.disable_signals().workers(1).listen(listener)?.run())
}

/// Takes a change up as soon as it is announced.
async fn listen_for_changes(live: Arc<Live>, changes: Arc<dyn ConfigChanges>) {
    let mut announced = changes.listen(live.environment());
    while announced.next().await.is_some() {
        if let Err(error) = live.refresh().await {
            tracing::warn!(%error, "an announced config cannot be looked up; what is live stays");
        }
    }
}

/// Takes up what no message announced.
async fn poll_config(live: Arc<Live>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = live.refresh().await {
            tracing::warn!(%error, "the live config cannot be looked up; what is live stays");
        }
    }
}

/// How often sessions and counted guesses that have run out are forgotten.
const TIDY: Duration = Duration::from_secs(600);

async fn tidy(desk: Desk) {
    loop {
        if let Err(error) = desk.entrance.tidy().await {
            tracing::warn!(%error, "what has run out cannot be forgotten at the moment");
        }
        tokio::time::sleep(TIDY).await;
    }
}

async fn keep_metrics(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(METRICS_UPKEEP).await;
        metrics.run_upkeep();
    }
}
