//! What is done with one proposal: trying, approving, withdrawing, waiting.

use std::process::ExitCode;
use std::time::Duration;

use bellwether_core::change::ProposalState;
use serde_json::json;

use super::answers::ProposalNow;
use super::client::Client;
use super::follow::{self, Ended};
use super::printed;

/// A proposal as it stands.
///
/// # Errors
/// As [`Client::get`].
pub(super) async fn look(client: &Client, id: u64) -> anyhow::Result<ProposalNow> {
    client.get(&format!("/api/proposals/{id}")).await
}

/// Does one step with a proposal as it was seen.
///
/// # Errors
/// As [`Client::post`].
pub(super) async fn step(client: &Client, seen: &ProposalNow, name: &str) -> anyhow::Result<ProposalNow> {
    let (id, revision) = (seen.proposal.id, seen.proposal.revision);
    client.post(&format!("/api/proposals/{id}/{name}"), &json!({ "revision": revision })).await
}

/// `bellwether config try`; with a time, until the report is there.
pub(super) async fn try_it(client: &Client, id: u64, wait: Option<Duration>) -> anyhow::Result<ExitCode> {
    let seen = look(client, id).await?;
    Ok(begin_trial(client, &seen, wait).await?.0.code())
}

/// Has a proposal tried; with a time, waits for its report.
///
/// # Errors
/// Where the console refuses.
pub(super) async fn begin_trial(
    client: &Client,
    seen: &ProposalNow,
    wait: Option<Duration>,
) -> anyhow::Result<(Ended, ProposalNow)> {
    let now = step(client, seen, "try").await?;
    println!("trying proposal {} in staging", now.proposal.id);
    match wait {
        Some(timeout) => follow::trial(client, now, timeout).await,
        None => Ok((Ended::Well, now)),
    }
}

/// `bellwether config approve`
pub(super) async fn approve(client: &Client, id: u64) -> anyhow::Result<ExitCode> {
    let seen = look(client, id).await?;
    printed::proposal(&step(client, &seen, "approve").await?);
    Ok(ExitCode::SUCCESS)
}

/// `bellwether config withdraw`
pub(super) async fn withdraw(client: &Client, id: u64) -> anyhow::Result<ExitCode> {
    let seen = look(client, id).await?;
    let now = step(client, &seen, "withdraw").await?;
    println!("proposal {}: {}", now.proposal.id, printed::in_words(&now.proposal));
    Ok(ExitCode::SUCCESS)
}

/// `bellwether config wait`
pub(super) async fn wait(client: &Client, id: u64, timeout: Duration) -> anyhow::Result<ExitCode> {
    let now = look(client, id).await?;
    let ended = match now.proposal.state {
        ProposalState::Proposed
        | ProposalState::Trying
        | ProposalState::Passed
        | ProposalState::Failed
        | ProposalState::Withdrawn => follow::trial(client, now, timeout).await?.0,
        ProposalState::RollingOut
        | ProposalState::Done
        | ProposalState::RolledBack
        | ProposalState::Overtaken => follow::rollout(client, now, timeout, true).await?,
    };
    Ok(ended.code())
}
