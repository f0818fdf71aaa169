//! `bellwether config get`

use std::process::ExitCode;

use anyhow::bail;

use super::answers::{VersionRead, VersionWithReport};
use super::client::Client;
use super::printed;
use crate::args::EnvironmentArg;

/// Prints the live version or another one; as JSON its document alone.
pub(super) async fn run(
    client: &Client,
    environment: EnvironmentArg,
    version: Option<u64>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let found = match version {
        None => live(client, environment).await?,
        Some(version) => {
            let path = format!("/api/environments/{}/versions/{version}", environment.as_str());
            client.get::<VersionWithReport>(&path).await?.version
        }
    };
    if !json {
        printed::version(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(document) = &found.document else {
        let reasons = found.unreadable.map(|unreadable| unreadable.reasons.join("; ")).unwrap_or_default();
        bail!("version {} cannot be used: {}", found.version, printed::plain(&reasons));
    };
    println!("{document:#}");
    Ok(ExitCode::SUCCESS)
}

/// The live version of an environment.
///
/// # Errors
/// As [`Client::get`].
pub(super) async fn live(client: &Client, environment: EnvironmentArg) -> anyhow::Result<VersionRead> {
    client.get(&format!("/api/environments/{}/config", environment.as_str())).await
}
