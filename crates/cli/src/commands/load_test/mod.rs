//! `bellwether load-test`: asks an api for predictions over some numbers of connections, one level after another, and
//! measures what came back. It runs on one thread, to take little from an api on the same machine.

mod call;
mod client_cpu;
mod expectation;
mod level;
mod pacer;
mod payloads;
mod plot;
mod report;
mod tally;
mod tls;
mod told;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use chrono::Utc;

use crate::args;
use call::{Caller, Failure};
pub(crate) use expectation::Expectation;
use level::Plan;
use payloads::Payloads;
use report::{Report, SCHEMA};

/// Runs every level, tells and writes what was measured, and fails where a request did or a bound was not met.
pub(crate) fn run(args: &args::LoadTest) -> anyhow::Result<ExitCode> {
    ensure!(!args.duration.is_zero(), "--duration: expected more than nothing");
    let before = args.compare.as_deref().map(read).transpose()?;
    let payloads = Payloads::from_args(args)?;
    let caller = Caller::new(args)?;
    let report = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?
        .block_on(measure(args, Arc::new(caller), Arc::new(payloads)))?;
    told::print(&report);
    if let Some((path, before)) = args.compare.as_deref().zip(before.as_ref()) {
        told::print_beside(&report, before, &path.display().to_string());
    }
    write(args, &report, before.as_ref())?;
    let mut sound = report.errors() == 0 || args.allow_errors;
    for expectation in &args.expect {
        for broken in expectation.broken(&report) {
            println!("NOT MET: {broken}");
            sound = false;
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(
    args: &args::LoadTest,
    caller: Arc<Caller>,
    payloads: Arc<Payloads>,
) -> anyhow::Result<Report> {
    probe(args, &caller, &payloads).await?;
    let mut report = Report {
        schema: SCHEMA,
        url: caller.url().to_owned(),
        at: Utc::now(),
        purpose: (args.purpose == args::PurposeArg::Load).then(|| "load".to_owned()),
        offered_rate: args.rate,
        payloads: payloads.source.clone(),
        warm_up_seconds: args.warm_up.as_secs_f64(),
        duration_seconds: args.duration.as_secs_f64(),
        levels: Vec::new(),
    };
    for &connections in &args.connections {
        let plan = Plan {
            connections,
            warm_up: args.warm_up,
            duration: args.duration,
            timeout: args.timeout,
            rate: args.rate,
        };
        report.levels.push(level::run(plan, &caller, &payloads).await?);
    }
    Ok(report)
}

/// One call before all others, so that a wrong address or token is told once and at once.
async fn probe(args: &args::LoadTest, caller: &Caller, payloads: &Payloads) -> anyhow::Result<()> {
    let unreachable = || format!("{} cannot be reached", caller.url());
    let connected = tokio::time::timeout(args.timeout, caller.connect()).await.with_context(unreachable)?;
    let mut connection = Some(connected.with_context(unreachable)?);
    match caller.call(&mut connection, payloads.next(), args.timeout).await {
        Ok(()) => Ok(()),
        Err(Failure::Status(_)) if args.allow_errors => Ok(()),
        Err(Failure::Status(status)) => {
            let hint = match status {
                401 | 403 => "; see --token, and the scope that --purpose needs",
                422 => "; see --payloads",
                _ => "",
            };
            bail!("the first call to {} was answered {status}{hint}", caller.url())
        }
        Err(failure) => bail!("the first call to {} failed: {}", caller.url(), failure.reason()),
    }
}

fn read(path: &Path) -> anyhow::Result<Report> {
    let text = fs::read(path).with_context(|| format!("--compare: {} cannot be read", path.display()))?;
    let report: Report = serde_json::from_slice(&text)
        .with_context(|| format!("--compare: {} is no report of a load test", path.display()))?;
    ensure!(
        report.schema == SCHEMA,
        "--compare: expected a report of schema {SCHEMA}, not {}",
        report.schema
    );
    Ok(report)
}

fn write(args: &args::LoadTest, report: &Report, before: Option<&Report>) -> anyhow::Result<()> {
    if let Some(path) = &args.out {
        fs::write(path, serde_json::to_vec_pretty(report)?)
            .with_context(|| format!("--out: {} cannot be written", path.display()))?;
    }
    if let Some(path) = &args.plot {
        fs::write(path, plot::svg(report, before)?)
            .with_context(|| format!("--plot: {} cannot be written", path.display()))?;
    }
    Ok(())
}
