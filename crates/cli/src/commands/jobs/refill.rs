//! `bellwether jobs refill`

use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_jobs::{Refill, thread_chance};
use chrono::TimeDelta;

use super::Outbox;
use crate::table::grouped;

/// Puts what is due into the queue. Workers do so by themselves every few seconds; by hand it is quicker after a
/// queue came back empty.
pub(super) async fn run(outbox: &Outbox) -> anyhow::Result<ExitCode> {
    // A queue that takes nothing is no error to the sweep, which only leaves it to the next: ask it first.
    outbox.queue.depth().await.context("the queue cannot be asked")?;
    let refill = Refill::new(outbox.emails.clone(), outbox.clock.clone(), thread_chance());
    let due = refill.sweep(TimeDelta::zero()).await?;
    let depth = outbox.queue.depth().await.context("the queue cannot be asked")?;
    println!(
        "{} due; the queue holds {} that wait and {} that a worker has",
        grouped(due as u64),
        grouped(depth.waiting),
        grouped(depth.taken)
    );
    Ok(ExitCode::SUCCESS)
}
