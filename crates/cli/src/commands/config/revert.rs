//! `bellwether config revert`: an earlier document, once more.

use std::process::ExitCode;

use anyhow::ensure;
use serde_json::json;

use super::answers::ProposalNow;
use super::client::Client;
use super::{printed, propose};
use crate::args;

/// Proposes an earlier version's document, and goes as far as is asked for.
pub(super) async fn run(client: &Client, revert: &args::Revert) -> anyhow::Result<ExitCode> {
    let path = format!("/api/environments/prod/versions/{}/revert", revert.version);
    let order = json!({ "reason": revert.reason, "confirmed": revert.confirm });
    let now: ProposalNow = client.post(&path, &order).await?;
    printed::proposal(&now);
    let onward = &revert.onward;
    ensure!(
        onward.try_it || !onward.promote || now.proposal.has_passed(),
        "--promote: proposal {} has not passed before with what production has now: `bellwether config try {}`",
        now.proposal.id,
        now.proposal.id
    );
    Ok(propose::go_on(client, now, onward).await?.code())
}
