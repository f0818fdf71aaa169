//! `bellwether jobs show`

use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_store::{EmailJob, EmailJobState, EmailJobs};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::list::told;
use crate::span::ago;

/// Prints one job; what its email says only where `payload` asks for it.
pub(super) async fn run(
    jobs: &dyn EmailJobs,
    uid: Uuid,
    payload: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let job = jobs.find(uid).await?.with_context(|| format!("{uid}: there is no such job"))?;
    // One written by another build may be anything: it is told as it stands.
    let says = || serde_json::from_str(&job.payload).unwrap_or_else(|_| Value::from(job.payload.as_str()));
    if json {
        let mut told = told(&job);
        if payload {
            told["payload"] = says();
        }
        println!("{told}");
        return Ok(ExitCode::SUCCESS);
    }
    for (name, value) in lines(&job, Utc::now()) {
        println!("{name:<16}{value}");
    }
    if payload {
        println!("\n{:#}", says());
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(job: &EmailJob, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let moment = |at: DateTime<Utc>| {
        format!("{} ({} ago)", at.to_rfc3339_opts(SecondsFormat::Secs, true), ago(at, now))
    };
    let due = |at: DateTime<Utc>| {
        if at <= now {
            return moment(at);
        }
        format!("{} (in {})", at.to_rfc3339_opts(SecondsFormat::Secs, true), ago(now, at))
    };
    let sending = job.state == EmailJobState::Sending;
    // The try under way is counted in advance.
    let crashes = job.crashes - u32::from(sending && job.crashes > 0);
    let lines = [
        ("uid", Some(job.uid.to_string())),
        ("state", Some(job.state.as_str().to_owned())),
        ("attempts", Some(job.attempts.to_string())),
        ("crashes", (crashes > 0).then(|| crashes.to_string())),
        ("last error", job.last_error.clone()),
        ("created", Some(moment(job.created_at))),
        ("queued", (job.queued_at != job.created_at).then(|| moment(job.queued_at))),
        ("changed", Some(moment(job.updated_at))),
        (if sending { "claimed until" } else { "next attempt" }, job.next_attempt_at.map(due)),
        ("sent", job.sent_at.map(moment)),
        ("delivered to", (!job.delivered.is_empty()).then(|| job.delivered.join(", "))),
    ];
    lines.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
