//! `bellwether jobs purge`

use std::process::ExitCode;
use std::time::Duration;

use bellwether_store::EmailJobs;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::why_not;
use crate::confirm::confirmed;
use crate::span;
use crate::table::grouped;

/// Jobs forgotten in one transaction, so that no one waits long for it.
const STEP: u32 = 1_000;

/// Forgets the jobs named, or those sent before a moment, once it was agreed to. Fails where one that was
/// named is still there, or never was.
pub(super) async fn run(
    jobs: &dyn EmailJobs,
    uids: &[Uuid],
    sent_before: Option<Duration>,
    yes: bool,
) -> anyhow::Result<ExitCode> {
    let Some(span) = sent_before else { return named(jobs, uids, yes).await };
    let before = span::before(Utc::now(), span)?;
    let moment = before.to_rfc3339_opts(SecondsFormat::Secs, true);
    if !confirmed(&format!("Forget every job whose email was sent before {moment}?"), yes)? {
        return Ok(ExitCode::FAILURE);
    }
    println!("{} purged", grouped(sent(jobs, before).await?));
    Ok(ExitCode::SUCCESS)
}

async fn named(jobs: &dyn EmailJobs, uids: &[Uuid], yes: bool) -> anyhow::Result<ExitCode> {
    let question = format!("Forget {} job(s)? What is not sent by then never is.", uids.len());
    if !confirmed(&question, yes)? {
        return Ok(ExitCode::FAILURE);
    }
    let mut purged = 0;
    for &uid in uids {
        if jobs.purge(uid).await? {
            purged += 1;
        } else {
            eprintln!("{}", why_not(jobs, uid).await?);
        }
    }
    println!("{purged} purged");
    Ok(if purged == uids.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn sent(jobs: &dyn EmailJobs, before: DateTime<Utc>) -> anyhow::Result<u64> {
    let mut purged = 0;
    loop {
        let step = jobs.purge_sent(before, STEP).await?;
        purged += step;
        if step < u64::from(STEP) {
            return Ok(purged);
        }
    }
}
