//! `bellwether jobs requeue`

use std::process::ExitCode;

use bellwether_store::{Clock as _, EmailJobState};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Outbox, why_not};
use crate::table::grouped;

/// Parked jobs looked at in one step.
const STEP: u32 = 1_000;

/// Queues the jobs named anew, or every one that is parked. Fails where one that was named is not parked.
pub(super) async fn run(outbox: &Outbox, uids: &[Uuid], all_parked: bool) -> anyhow::Result<ExitCode> {
    let (mut requeued, mut refused) = (0, 0);
    for &uid in uids {
        if outbox.emails.requeue(uid).await? {
            requeued += 1;
        } else {
            refused += 1;
            eprintln!(
                "{}; only a parked job is requeued",
                why_not(outbox.emails.jobs().as_ref(), uid).await?
            );
        }
    }
    if all_parked {
        requeued += all(outbox, outbox.clock.now()).await?;
    }
    println!("{} requeued", grouped(requeued));
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Requeues what was parked by `begun`: a job that is parked again meanwhile is left, or this might not end.
async fn all(outbox: &Outbox, begun: DateTime<Utc>) -> anyhow::Result<u64> {
    let (mut requeued, mut limit) = (0, STEP);
    loop {
        let parked = outbox.emails.jobs().list(EmailJobState::Parked, limit).await?;
        let full = parked.len() >= limit as usize;
        let mut progress = 0;
        for job in parked.iter().filter(|job| job.updated_at <= begun) {
            progress += u64::from(outbox.emails.requeue(job.uid).await?);
        }
        requeued += progress;
        if !full {
            return Ok(requeued);
        }
        // The last parked come first: if they fill the list, those of before stand behind them.
        if progress == 0 {
            limit = limit.saturating_mul(2);
        }
    }
}
