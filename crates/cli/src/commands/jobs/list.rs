//! `bellwether jobs list`

use std::process::ExitCode;

use bellwether_store::{EmailJob, EmailJobCounts, EmailJobState, EmailJobs};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::args::StateArg;
use crate::span::ago;
use crate::table::{Table, grouped};

/// The longest error in a table, in characters; `show` tells all of it.
const ERROR_CHARS: usize = 80;

/// Prints counts of every state, and the jobs of those asked for: all but `sent` if none is.
pub(super) async fn run(
    jobs: &dyn EmailJobs,
    states: &[StateArg],
    limit: u32,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let now = Utc::now();
    let mut states: Vec<_> = states.iter().copied().map(EmailJobState::from).collect();
    if states.is_empty() {
        states = EmailJobState::ALL.into_iter().filter(|state| *state != EmailJobState::Sent).collect();
    }
    let counts = jobs.counts().await?;
    let mut found = Vec::new();
    for state in states {
        found.extend(jobs.list(state, limit).await?);
    }
    if json {
        let jobs: Vec<_> = found.iter().map(told).collect();
        println!("{}", json!({ "counts": counts_told(&counts), "jobs": jobs }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", counted(&counts, now));
    if !found.is_empty() {
        println!();
        table(&found, now).print();
    }
    Ok(ExitCode::SUCCESS)
}

fn counted(counts: &EmailJobCounts, now: DateTime<Utc>) -> String {
    let EmailJobCounts { queued, sending, retrying, sent, parked, .. } = *counts;
    let states = [("queued", queued), ("sending", sending), ("retrying", retrying)];
    let states = states.into_iter().chain([("sent", sent), ("parked", parked)]);
    let states: Vec<_> = states.map(|(state, count)| format!("{} {state}", grouped(count))).collect();
    let oldest = counts.oldest_queued_at;
    let oldest = oldest.map_or_else(String::new, |at| format!("; the oldest waits for {}", ago(at, now)));
    format!("{}{oldest}", states.join(", "))
}

fn table(jobs: &[EmailJob], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&["uid", "state", "attempts", "age", "last error"]);
    for job in jobs {
        let error = job.last_error.as_deref().unwrap_or_default();
        table.row(vec![
            job.uid.to_string(),
            job.state.as_str().to_owned(),
            job.attempts.to_string(),
            ago(job.created_at, now),
            cut(error),
        ]);
    }
    table
}

/// The error's first line, no longer than fits.
fn cut(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    match line.char_indices().nth(ERROR_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn counts_told(counts: &EmailJobCounts) -> Value {
    json!({
        "queued": counts.queued, "sending": counts.sending, "retrying": counts.retrying, "sent": counts.sent,
        "parked": counts.parked, "oldest_queued_at": counts.oldest_queued_at,
    })
}

/// A job for machines, without what its email says.
pub(super) fn told(job: &EmailJob) -> Value {
    json!({
        "uid": job.uid, "state": job.state, "turn": job.turn, "attempts": job.attempts, "crashes": job.crashes,
        "last_error": job.last_error, "created_at": job.created_at, "queued_at": job.queued_at,
        "updated_at": job.updated_at, "next_attempt_at": job.next_attempt_at, "sent_at": job.sent_at,
        "delivered": job.delivered,
    })
}
