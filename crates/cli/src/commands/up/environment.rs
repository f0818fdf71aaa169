//! One environment of the embedded system: its database, its api, its worker.

use std::sync::Arc;

use anyhow::Context as _;
use bellwether_api::{Application, Parts};
use bellwether_config_admin::Reached;
use bellwether_core::bundle::ModelFolder;
use bellwether_settings::Settings;
use bellwether_store::SharedDatabase;
use bellwether_worker::startup::WorkerService;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::embedded::migrate;
use crate::samples;

/// Started, and not yet answering.
pub(super) struct RunningEnvironment {
    pub database: SharedDatabase,
    /// What the console reaches of it: word of changes goes within the process.
    pub reached: Reached,
    api: Application,
    worker: WorkerService,
    stop: CancellationToken,
}

impl RunningEnvironment {
    pub(super) async fn start(
        settings: Settings,
        models: Arc<ModelFolder>,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let environment = settings.environment.as_str();
        let database = bellwether_engines::database(&settings).await?;
        migrate(database.as_ref(), &settings).await?;
        let parts = Parts { models, ..Parts::open(&settings, metrics).await? };
        database.close().await;
        let database = parts.database.clone();
        samples::clients(database.as_ref(), &parts.models).await?;
        let (queue, clock) = (parts.queue.clone(), parts.clock.clone());
        let reached = Reached { database: database.clone(), changes: parts.changes.clone() };
        let api = Application::build(&settings, parts)
            .await
            .with_context(|| format!("the {environment} api cannot start"))?;
        let archive = bellwether_engines::archive(&settings)?;
        let worker = WorkerService::from_settings(&settings, database.clone(), archive, queue, clock)
            .with_context(|| format!("the {environment} worker cannot start"))?;
        Ok(Self { database, reached, api, worker, stop })
    }

    /// Where the api listens.
    pub(super) fn address(&self) -> std::net::SocketAddr {
        self.api.address()
    }

    /// Answers requests and sends emails until stopped: the api first lets go of what it journaled, then
    /// the worker ends.
    pub(super) fn run(self, running: &mut JoinSet<anyhow::Result<()>>) {
        let Self { database, api, worker, stop, .. } = self;
        let worker_stop = CancellationToken::new();
        let api_is_done = worker_stop.clone();
        running.spawn(async move {
            let outcome = api.run_until_stopped(stop).await;
            api_is_done.cancel();
            outcome
        });
        running.spawn(async move {
            let outcome = worker.run(worker_stop).await;
            database.close().await;
            Ok(outcome?)
        });
    }
}
