//! `bellwether config forget-replica`: a replica that is gone is expected no longer.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::printed::plain;
use crate::args::EnvironmentArg;

/// Has the console forget a replica that is silent.
pub(super) async fn run(
    client: &Client,
    name: &str,
    environment: EnvironmentArg,
) -> anyhow::Result<ExitCode> {
    let environment = environment.as_str();
    let path = format!("/api/environments/{environment}/replicas/forget");
    client.post::<Value>(&path, &json!({ "name": name })).await?;
    println!("{environment} expects replica {} no longer, until it reports again", plain(name));
    Ok(ExitCode::SUCCESS)
}
