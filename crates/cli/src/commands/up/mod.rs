//! `bellwether up`: all of it in one process on loopback, on embedded engines.

mod environment;
mod welcome;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use bellwether_config_admin::ConsoleService;
use bellwether_settings::{Embedded, Environment, Settings};
use bellwether_store::SystemClock;
use bellwether_web::{logs, metrics, sentry, shutdown};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args;
use crate::embedded::{block_on, embedded_settings};
use crate::samples;
use environment::RunningEnvironment;

/// Starts everything, says where it is, and stops it in order when asked to.
pub(crate) fn run(args: &args::Up) -> anyhow::Result<ExitCode> {
    block_on(async {
        let mut prod = settings(args, Environment::Prod, args.port).await?;
        let mut stage = settings(args, Environment::Stage, args.stage_port).await?;
        for settings in [&mut prod, &mut stage] {
            settings.models.path = find_models(&settings.models.path);
            settings.server.drain_notice_seconds = 0;
            // One process serves both, and a laptop does not need a thread a core for each.
            if settings.server.threads == 0 {
                settings.server.threads = 2;
            }
        }
        let _reports = sentry::begin(&prod)?;
        logs::begin(&prod.log).context("log.level")?;
        std::fs::create_dir_all(&args.data_dir)
            .with_context(|| format!("--data-dir: `{}` cannot be made", args.data_dir.display()))?;
        let metrics = metrics::begin().context("metrics cannot be recorded")?;
        let models = Arc::new(bellwether_engines::model_folder(&prod));
        let stop = shutdown::on_signal()?;
        let (prod, stage) = tokio::try_join!(
            RunningEnvironment::start(prod, Arc::clone(&models), metrics.clone(), stop.clone()),
            RunningEnvironment::start(stage, Arc::clone(&models), metrics.clone(), stop.clone()),
        )?;
        let password = samples::first_user(prod.database.as_ref(), stage.database.as_ref()).await?;
        let console = console(args, &prod, &stage, metrics).await?;
        welcome::tell(&args.data_dir, &prod, &stage, &console, password.as_deref()).await?;
        let mut running = JoinSet::new();
        running.spawn(console.run_until_stopped(stop.clone()));
        prod.run(&mut running);
        stage.run(&mut running);
        let outcome = first_failure(&mut running, &stop).await;
        outcome.map(|()| ExitCode::SUCCESS)
    })
}

async fn settings(args: &args::Up, environment: Environment, port: u16) -> anyhow::Result<Settings> {
    embedded_settings(&Embedded { data: args.data_dir.clone(), environment, port }).await
}

/// The console over both environments. It reaches their apis over HTTP as it does in a cluster.
async fn console(
    args: &args::Up,
    prod: &RunningEnvironment,
    stage: &RunningEnvironment,
    metrics: PrometheusHandle,
) -> anyhow::Result<ConsoleService> {
    let file = std::env::var_os("BELLWETHER_SETTINGS");
    let file = file.as_deref().map(std::path::Path::new);
    let (prod_port, stage_port) = (prod.address().port(), stage.address().port());
    let data = &args.data_dir;
    let settings =
        Embedded::console(data, prod_port, stage_port, args.admin_port, file, std::env::vars()).await?;
    let parts = bellwether_config_admin::Parts {
        stage: stage.reached.clone(),
        prod: prod.reached.clone(),
        archive: bellwether_engines::archive(&settings)?,
        metrics,
        clock: Arc::new(SystemClock),
    };
    ConsoleService::build(&settings, parts).context("the console cannot start")
}

/// Waits for everything to end; one part's failure stops the others.
async fn first_failure(
    running: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = running.join_next().await {
        stop.cancel();
        let ended = ended.context("a part of the system panicked").and_then(|ended| ended);
        outcome = outcome.and(ended);
    }
    outcome
}

/// The models folder: where the settings say, or beside the project the program was built in.
fn find_models(path: &std::path::Path) -> PathBuf {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"));
    let is_bucket = path.starts_with("s3:");
    if !is_bucket && !path.is_dir() && path.is_relative() && beside.is_dir() {
        beside
    } else {
        path.to_owned()
    }
}
