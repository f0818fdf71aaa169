//! One level: some connections that call for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use super::call::{Caller, Failure};
use super::client_cpu;
use super::pacer::Pacer;
use super::payloads::Payloads;
use super::report::{Level, connections};
use super::tally::Tally;

/// How long a connection that cannot be made is left alone.
const PAUSE: Duration = Duration::from_millis(50);

/// How a level is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Over how many connections.
    pub connections: usize,
    /// How long before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub duration: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Requests a second; none means as fast as they are answered.
    pub rate: Option<f64>,
}

struct Running {
    plan: Plan,
    end: Instant,
    pacer: Pacer,
    tally: Mutex<Tally>,
    caller: Arc<Caller>,
    payloads: Arc<Payloads>,
}

/// Runs one level to its end: requests in flight then are waited for, and counted.
pub(super) async fn run(plan: Plan, caller: &Arc<Caller>, payloads: &Arc<Payloads>) -> anyhow::Result<Level> {
    let bar = ProgressBar::new(seconds(plan.warm_up + plan.duration)).with_style(style()?);
    bar.set_message(connections(plan.connections));
    let begin = Instant::now();
    let from = begin + plan.warm_up;
    let running = Arc::new(Running {
        plan,
        end: from + plan.duration,
        pacer: Pacer::begin(plan.rate, plan.warm_up + plan.duration, plan.connections),
        tally: Mutex::new(Tally::new(from, plan.duration)?),
        caller: caller.clone(),
        payloads: payloads.clone(),
    });
    let mut calling = JoinSet::new();
    for _ in 0..plan.connections {
        calling.spawn(call_on(running.clone()));
    }
    let ticking = tokio::spawn(tick(bar.clone(), begin));
    sleep_until(from.into()).await;
    let cpu_before = client_cpu::taken();
    sleep_until(running.end.into()).await;
    let cpu = client_cpu::taken().zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    while let Some(ended) = calling.join_next().await {
        ended?;
    }
    ticking.abort();
    bar.finish_and_clear();
    let tally = running.tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Level {
        connections: plan.connections,
        requests: tally.requests(),
        rate: tally.rate(),
        latency_ms: tally.latency(),
        errors: tally.errors(),
        client_cpu: cpu.map(|cpu| cpu.as_secs_f64() / plan.duration.as_secs_f64()),
        timeline: tally.timeline(),
    })
}

/// Calls over one connection until nothing more is due.
async fn call_on(running: Arc<Running>) {
    let mut connection = None;
    let last_send = running.end + running.plan.timeout;
    while let Some(due) = running.pacer.next().await {
        let outcome = if Instant::now() > last_send {
            Err(Failure::Unsent)
        } else {
            let body = running.payloads.next();
            running.caller.call(&mut connection, body, running.plan.timeout).await
        };
        running.tally.lock().unwrap_or_else(PoisonError::into_inner).add(due, Instant::now(), outcome);
        if outcome == Err(Failure::Connect) {
            sleep(PAUSE).await;
        }
    }
}

async fn tick(bar: ProgressBar, begin: Instant) {
    loop {
        bar.set_position(seconds(begin.elapsed()));
        sleep(Duration::from_millis(500)).await;
    }
}

fn seconds(span: Duration) -> u64 {
    span.as_secs()
}

fn style() -> anyhow::Result<ProgressStyle> {
    Ok(ProgressStyle::with_template("{msg:>16} {bar:40} {pos:>3} of {len} s")?)
}
