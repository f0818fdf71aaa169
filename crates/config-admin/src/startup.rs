//! From settings to a running console: its routes, and what goes on beside them.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, get, post};
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use bellwether_settings::Settings;
use bellwether_web::health::Draining;
use bellwether_web::{Face, logs, metrics, tls};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::api;
use crate::archive::Archiver;
use crate::console::Console;
use crate::drift::DriftWatcher;
use crate::forgetting::Forgetter;
use crate::pages::{self, State};
use crate::parts::Parts;
use crate::probes::{self, Probes};
use crate::rollout::Watcher;
use crate::trial::Runner;

/// Every page and every form; the JSON API lists its own ([`api::routes`]). Forms are taken from our own pages only,
/// and say which role they need.
fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/health", get().to(probes::alive))
        .route("/ready", get().to(probes::ready))
        .route("/metrics", get().to(probes::told))
        .route("/assets/console.css", get().to(pages::css))
        .route("/assets/console.js", get().to(pages::js))
        .route("/assets/icon.svg", get().to(pages::icon))
        .route("/login", get().to(pages::login::show))
        .route("/login", post().to(pages::login::log_in))
        .route("/logout", post().to(pages::login::log_out))
        .route("/", get().to(pages::overview::show))
        .route("/propose", get().to(pages::propose::show))
        .route("/propose", post().to(pages::propose::send))
        .route("/proposals", get().to(pages::proposals::show))
        .route("/proposals/{id}", get().to(pages::proposal::show))
        .route("/proposals/{id}/edit", get().to(pages::propose::show_edit))
        .route("/proposals/{id}/edit", post().to(pages::propose::send_edit))
        .route("/proposals/{id}/try", post().to(pages::proposal::try_it))
        .route("/proposals/{id}/approve", post().to(pages::proposal::approve))
        .route("/proposals/{id}/promote", post().to(pages::proposal::promote))
        .route("/proposals/{id}/promote-past-staging", post().to(pages::proposal::past_staging))
        .route("/proposals/{id}/withdraw", post().to(pages::proposal::withdraw))
        .route("/replicas/forget", post().to(pages::replicas::forget))
        .route("/history", get().to(pages::history::show))
        .route("/history.csv", get().to(pages::export::history_csv))
        .route("/history.json", get().to(pages::export::history_json))
        .route("/history/{environment}/{version}", get().to(pages::version::show))
        .route("/history/prod/{version}/revert", post().to(pages::version::revert))
        .route("/experiments", get().to(pages::experiments::show))
        .route("/experiments/{environment}/{salt}", get().to(pages::experiment::show))
        .route("/drift", get().to(pages::drift::show))
        .route("/payloads", get().to(pages::payloads::show))
        .route("/payloads", post().to(pages::payloads::save))
        .route("/payloads/delete", post().to(pages::payloads::delete))
        .route("/people", get().to(pages::people::show))
        .route("/people", post().to(pages::people::add))
        .route("/people/role", post().to(pages::people::set_role))
        .route("/people/disabled", post().to(pages::people::set_disabled))
        .route("/people/sessions", post().to(pages::people::end_sessions))
        .route("/people/tokens", post().to(pages::people::revoke_token))
        .route("/account", get().to(pages::account::show))
        .route("/account/email", post().to(pages::account::set_email))
        .route("/account/password", post().to(pages::account::set_password))
        .route("/account/sessions/end", post().to(pages::account::end_session))
        .route("/account/tokens", post().to(pages::account::make_token))
        .route("/account/tokens/revoke", post().to(pages::account::revoke_token))
        .route("/audit", get().to(pages::audit::show))
        .route("/audit.csv", get().to(pages::export::audit_csv))
        .route("/audit.json", get().to(pages::export::audit_json))
        .default_service(web::to(pages::not_found));
}

/// How often what has run out is forgotten.
const TIDY: Duration = Duration::from_secs(600);
/// How often recorded metrics are folded up; unfolded, they would pile up between two scrapes.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// The console: bound to its port, and not yet answering.
pub struct ConsoleService {
    server: Server,
    address: SocketAddr,
    console: Console,
    access: Access,
    parts: Parts,
    draining: Draining,
    notice: Duration,
    drain: Duration,
}

impl ConsoleService {
    /// Binds the port.
    ///
    /// # Errors
    /// Naming the setting at fault.
    pub fn build(settings: &Settings, parts: Parts) -> anyhow::Result<Self> {
        let bind = settings.console.bind;
        let listener =
            TcpListener::bind(bind).with_context(|| format!("console.bind: {bind} cannot be bound"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        metrics::tell_build("config-admin");
        let console = parts.console(settings)?;
        let database = parts.prod.database.clone();
        let access = Access::new(database, parts.clock.clone(), &settings.console);
        let draining = Draining::default();
        let state = Data::new(State {
            console: console.clone(),
            access: access.clone(),
            clock: parts.clock.clone(),
            approval: settings.console.approval,
            bake_minutes: u64::from(settings.console.bake_minutes),
        });
        let probes = Data::new(Probes {
            database: parts.prod.database.clone(),
            draining: draining.clone(),
            metrics: parts.metrics.clone(),
        });
        let face = Face::begin_without_auth(settings, draining.clone())?;
        let server = serve(settings, listener, face, state, probes)?;
        tracing::info!(%address, "the console is open");
        let (notice, drain) = (settings.server.drain_notice_seconds, settings.server.drain_seconds);
        Ok(Self {
            server,
            address,
            console,
            access,
            parts,
            draining,
            notice: Duration::from_secs(notice),
            drain: Duration::from_secs(drain),
        })
    }

    /// Where the console listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows pages and carries trials and rollouts on, until `stop` is cancelled. What is under way then is carried on
    /// by the next start.
    ///
    /// # Errors
    /// Where the server fails.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { server, console, access, parts, draining, notice, drain, .. } = self;
        let background = CancellationToken::new();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(Runner::new(console.clone()).run(background.clone()));
        tasks.spawn(Watcher::new(console.clone()).run(background.clone()));
        tasks.spawn(Archiver::new(console.clone()).run(background.clone()));
        tasks.spawn(Forgetter::new(console.clone()).run(background.clone()));
        tasks.spawn(DriftWatcher::new(console.clone()).run(background.clone()));
        tokio::spawn(background.clone().run_until_cancelled_owned(tidy(access)));
        tokio::spawn(background.clone().run_until_cancelled_owned(keep_metrics(parts.metrics.clone())));
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
        tokio::time::sleep(notice).await;
        let deadline = tokio::time::Instant::now() + drain;
        if tokio::time::timeout_at(deadline, handle.stop(true)).await.is_err() {
            tracing::warn!("some answers in flight did not leave in time");
        }
        background.cancel();
        if tokio::time::timeout_at(deadline, async { while tasks.join_next().await.is_some() {} })
            .await
            .is_err()
        {
            tracing::warn!("what was under way did not come to rest in time; the next start carries it on");
        }
        parts.close().await;
        Ok(())
    }
}

fn serve(
    settings: &Settings,
    listener: TcpListener,
    face: Face,
    state: Data<State>,
    probes: Data<Probes>,
) -> anyhow::Result<Server> {
    let server = HttpServer::new(move || {
        let face = face.clone();
        App::new()
            .app_data(state.clone())
            .app_data(probes.clone())
            // A number in a path that is none names no page.
            .app_data(web::PathConfig::default().error_handler(|_, _| pages::no_such_page().into()))
            .wrap(from_fn(move |request, next| face.clone().serve(request, next)))
            .wrap(logs::requests())
            .configure(api::routes)
            .configure(routes)
    })
    .disable_signals()
    // People are few; trials are no work of these.
    .workers(2)
    .client_request_timeout(Duration::from_secs(settings.server.request_timeout_seconds))
    .keep_alive(Duration::from_secs(settings.server.keep_alive_seconds))
    .shutdown_timeout(settings.server.drain_seconds);
    let (certificate, key) = (&settings.server.tls_certificate_file, &settings.server.tls_key_file);
    let server = if certificate.is_empty() {
        server.listen(listener)?
    } else {
        server.listen_rustls_0_23(listener, tls::server_config(Path::new(certificate), Path::new(key))?)?
    };
    Ok(server.run())
}

async fn tidy(access: Access) {
    loop {
        if let Err(error) = access.entrance.tidy().await {
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
