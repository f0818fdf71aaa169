//! `bellwether config promote`: to production, and until every replica has it.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::answers::ProposalNow;
use super::client::Client;
use super::{follow, printed, steps};
use crate::args;

/// Promotes a proposal, and waits.
pub(super) async fn run(client: &Client, promote: &args::Promote) -> anyhow::Result<ExitCode> {
    let seen = steps::look(client, promote.id).await?;
    let now = match &promote.why {
        Some(why) => {
            let mut body = body(&seen, promote.bake_minutes);
            body["why"] = why.as_str().into();
            send(client, &seen, "promote-past-staging", &body).await?
        }
        None => in_turn(client, &seen, promote.bake_minutes).await?,
    };
    Ok(follow::rollout(client, now, promote.timeout, promote.wait).await?.code())
}

/// Promotes a proposal that has passed.
///
/// # Errors
/// Where the console refuses.
pub(super) async fn in_turn(
    client: &Client,
    seen: &ProposalNow,
    bake_minutes: Option<u64>,
) -> anyhow::Result<ProposalNow> {
    send(client, seen, "promote", &body(seen, bake_minutes)).await
}

async fn send(client: &Client, seen: &ProposalNow, name: &str, body: &Value) -> anyhow::Result<ProposalNow> {
    let now: ProposalNow = client.post(&format!("/api/proposals/{}/{name}", seen.proposal.id), body).await?;
    println!("proposal {}: {}", now.proposal.id, printed::in_words(&now.proposal));
    Ok(now)
}

/// Where nothing is said of a bake, the console's own holds.
fn body(seen: &ProposalNow, bake_minutes: Option<u64>) -> Value {
    let mut body = json!({ "revision": seen.proposal.revision });
    if let Some(minutes) = bake_minutes {
        let seconds = (minutes > 0).then_some(minutes * 60);
        body["bake"] = json!({ "seconds": seconds });
    }
    body
}
