//! `bellwether config propose`: a draft from what is live or from a file, and what is done with it then.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::answers::ProposalNow;
use super::client::Client;
use super::follow::{self, Ended};
use super::{get, printed, promote, steps};
use crate::args::{self, EnvironmentArg, Onward};

/// Proposes, and goes as far as is asked for.
pub(super) async fn run(client: &Client, propose: &args::Propose) -> anyhow::Result<ExitCode> {
    let onward = &propose.onward;
    ensure!(onward.try_it || !onward.promote, "--promote: what is new has to be tried first: add --try");
    ensure!(onward.try_it || !onward.wait, "--wait: there is nothing to wait for without --try");
    let live = get::live(client, EnvironmentArg::Prod).await?;
    let (base, live) = (live.version, live.document);
    let mut document = match &propose.file {
        Some(file) => read(file)?,
        None => live.context("what is live in production cannot be used; give a document by --file")?,
    };
    for change in &propose.set {
        change.make(&mut document)?;
    }
    let draft = json!({
        "document": document, "base": base, "reason": propose.reason, "confirmed": propose.confirm,
    });
    let now: ProposalNow = client.post("/api/proposals", &draft).await?;
    printed::proposal(&now);
    Ok(go_on(client, now, onward).await?.code())
}

/// Tries and promotes a proposal that was just made, as far as is asked for.
///
/// # Errors
/// Where the console refuses.
pub(super) async fn go_on(client: &Client, mut now: ProposalNow, onward: &Onward) -> anyhow::Result<Ended> {
    if onward.try_it && !now.proposal.has_passed() {
        let wait = (onward.wait || onward.promote).then_some(onward.timeout);
        let (ended, tried) = steps::begin_trial(client, &now, wait).await?;
        if ended != Ended::Well {
            return Ok(ended);
        }
        now = tried;
    }
    if !onward.promote {
        return Ok(Ended::Well);
    }
    let promoted = promote::in_turn(client, &now, onward.bake_minutes).await?;
    follow::rollout(client, promoted, onward.timeout, onward.wait).await
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("--file: {shown} cannot be read"))?;
    serde_json::from_str(&text).with_context(|| format!("--file: {shown} is no JSON"))
}
