//! `bellwether config status`

use std::process::ExitCode;

use chrono::Utc;
use serde_json::Value;

use super::answers::{EnvironmentRead, ProposalNow, Replica, SideBySide};
use super::client::Client;
use super::follow;
use super::printed::{self, plain};
use crate::span::ago;
use crate::table::Table;

/// Prints both environments, or one proposal.
pub(super) async fn run(client: &Client, id: Option<u64>, json: bool) -> anyhow::Result<ExitCode> {
    let path = id.map_or_else(|| "/api/overview".to_owned(), |id| format!("/api/proposals/{id}"));
    let answer: Value = client.get(&path).await?;
    if json {
        println!("{answer}");
    } else if id.is_some() {
        proposal(&serde_json::from_value(answer)?);
    } else {
        overview(&serde_json::from_value(answer)?);
    }
    Ok(ExitCode::SUCCESS)
}

fn proposal(now: &ProposalNow) {
    printed::proposal(now);
    if let Some(report) = now.proposal.trial.as_ref().and_then(|trial| trial.report.as_ref()) {
        printed::report(report);
    }
    if let Some(step) = &now.rollout_progress {
        follow::hindrances(step);
        replicas(&step.replicas);
    }
}

fn overview(overview: &SideBySide) {
    for environment in [&overview.stage, &overview.prod] {
        told(environment);
        println!();
    }
    println!("from production to staging:");
    printed::differences(&overview.differences);
}

fn told(environment: &EnvironmentRead) {
    let name = plain(&environment.environment);
    let reason = environment.health.reason.as_deref().map(plain);
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    println!("{name}: {}{reason}", plain(&environment.health.state).replace('_', " "));
    if let Some(why) = &environment.unavailable {
        println!("  its database cannot be asked: {}", plain(why));
    }
    if let Some(live) = &environment.live {
        let age = ago(live.created_at, Utc::now());
        let (author, reason) = (plain(&live.author), plain(&live.reason));
        println!("  version {}, by {author}, {age} ago: {reason}", live.version);
        for reason in live.unreadable.iter().flat_map(|unreadable| &unreadable.reasons) {
            println!("  cannot be used: {}", plain(reason));
        }
    }
    println!("  {}/{} replicas have it", environment.synced, environment.expected);
    replicas(&environment.replicas);
}

fn replicas(replicas: &[Replica]) {
    let now = Utc::now();
    let mut table = Table::new(&["replica", "state", "version", "heard", "why"]);
    for replica in replicas {
        table.row(vec![
            plain(&replica.name),
            plain(&replica.state),
            replica.version.map_or_else(|| "-".to_owned(), |version| version.to_string()),
            ago(replica.heard_at, now),
            plain(&replica.reasons.join("; ")),
        ]);
    }
    table.print();
}
