//! `bellwether config history`

use std::process::ExitCode;

use chrono::Utc;
use serde_json::Value;

use super::answers::Versions;
use super::client::Client;
use super::printed::plain;
use crate::args::EnvironmentArg;
use crate::span::ago;
use crate::table::Table;

/// The longest reason in a table, in characters; `get` tells all of it.
const REASON_CHARS: usize = 80;

/// Prints an environment's versions, newest first.
pub(super) async fn run(
    client: &Client,
    environment: EnvironmentArg,
    limit: u32,
    before: Option<u64>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let before = before.map_or_else(String::new, |before| format!("&before={before}"));
    let path = format!("/api/environments/{}/history?limit={limit}{before}", environment.as_str());
    let answer: Value = client.get(&path).await?;
    if json {
        println!("{answer}");
        return Ok(ExitCode::SUCCESS);
    }
    let history: Versions = serde_json::from_value(answer)?;
    let now = Utc::now();
    let mut table = Table::new(&["version", "age", "author", "reason"]);
    for version in &history.versions {
        let note = if version.unreadable.is_some() { "(cannot be used) " } else { "" };
        table.row(vec![
            version.version.to_string(),
            ago(version.created_at, now),
            plain(&version.author),
            format!("{note}{}", cut(&plain(&version.reason))),
        ]);
    }
    table.print();
    if let Some(next) = history.next_before {
        println!("older ones: --before {next}");
    }
    Ok(ExitCode::SUCCESS)
}

fn cut(reason: &str) -> String {
    match reason.char_indices().nth(REASON_CHARS) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason.to_owned(),
    }
}
