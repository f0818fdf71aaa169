//! `bellwether config diff`

use std::process::ExitCode;

use serde_json::Value;

use super::answers::Diff;
use super::client::Client;
use super::{get, printed};
use crate::args::EnvironmentArg;

/// Prints what a version has otherwise than another.
pub(super) async fn run(
    client: &Client,
    environment: EnvironmentArg,
    version: Option<u64>,
    to: Option<u64>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let version = match version {
        Some(version) => version,
        None => get::live(client, environment).await?.version,
    };
    let to = to.map_or_else(String::new, |to| format!("?to={to}"));
    let path = format!("/api/environments/{}/versions/{version}/diff{to}", environment.as_str());
    let answer: Value = client.get(&path).await?;
    if json {
        println!("{answer}");
        return Ok(ExitCode::SUCCESS);
    }
    let diff: Diff = serde_json::from_value(answer)?;
    println!("{}: from version {} to version {}", printed::plain(&diff.environment), diff.to, diff.version);
    printed::differences(&diff.differences);
    Ok(ExitCode::SUCCESS)
}
