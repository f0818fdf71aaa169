//! Waiting for what goes on by itself: a trial until its report is there, a rollout until every replica has it, a bake
//! until it is over. A console that is away for a while is waited for as long as there is time.

use std::process::ExitCode;
use std::time::Duration;

use bellwether_core::change::{Outcome, ProposalState};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::answers::{ProposalNow, RolloutStep};
use super::client::{Client, Refused};
use super::printed::{self, plain};

/// How long one call waits for news: progress is told so often.
const LOOK: Duration = Duration::from_secs(2);
/// Before a console that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the bar moves on a terminal.
const TICK: Duration = Duration::from_millis(100);

/// How it ended, as the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// As asked for.
    Well,
    /// The trial did not pass, or did not end in time.
    NotPassed,
    /// Production does not have it, or not everywhere, or does not have it any more.
    NotInProduction,
}

impl Ended {
    /// 0, 2 or 3.
    pub(super) fn code(self) -> ExitCode {
        match self {
            Self::Well => ExitCode::SUCCESS,
            Self::NotPassed => ExitCode::from(2),
            Self::NotInProduction => ExitCode::from(3),
        }
    }
}

/// Waits for the report of a trial, and prints it.
///
/// # Errors
/// Where the console refuses to answer.
pub(super) async fn trial(
    client: &Client,
    mut now: ProposalNow,
    timeout: Duration,
) -> anyhow::Result<(Ended, ProposalNow)> {
    let (deadline, bar) = (Instant::now() + timeout, bar()?);
    while now.proposal.state == ProposalState::Trying {
        if let Some(step) = &now.trial_progress {
            let of = if step.of > 0 { format!(" of {}", step.of) } else { String::new() };
            bar.set_message(format!("staging: {}, {}{of}", plain(&step.check), step.done));
        }
        if Instant::now() >= deadline {
            bar.finish_and_clear();
            println!(
                "the trial of proposal {} has not ended within {} s",
                now.proposal.id,
                timeout.as_secs()
            );
            return Ok((Ended::NotPassed, now));
        }
        now = news(client, now, deadline, &bar).await?;
    }
    bar.finish_and_clear();
    if let Some(report) = now.proposal.trial.as_ref().and_then(|trial| trial.report.as_ref()) {
        printed::report(report);
    }
    let passed = now.proposal.state == ProposalState::Passed;
    if !passed {
        println!("proposal {}: {}", now.proposal.id, printed::in_words(&now.proposal));
    }
    Ok((if passed { Ended::Well } else { Ended::NotPassed }, now))
}

/// Waits until every replica has a version that was promoted, within `timeout`; with `bake` until its bake is over,
/// however long that is.
///
/// # Errors
/// Where the console refuses to answer.
pub(super) async fn rollout(
    client: &Client,
    mut now: ProposalNow,
    timeout: Duration,
    bake: bool,
) -> anyhow::Result<Ended> {
    let (deadline, bar) = (Instant::now() + timeout, bar()?);
    while now.proposal.state == ProposalState::RollingOut && !is_everywhere(&now) {
        if let Some(step) = &now.rollout_progress {
            bar.set_message(format!("production: {}/{} replicas", step.synced, step.expected));
        }
        if Instant::now() >= deadline {
            bar.finish_and_clear();
            println!("not every replica has it within {} s:", timeout.as_secs());
            now.rollout_progress.iter().for_each(hindrances);
            return Ok(Ended::NotInProduction);
        }
        now = news(client, now, deadline, &bar).await?;
    }
    if is_everywhere(&now) && now.proposal.state == ProposalState::RollingOut {
        bar.suspend(|| everywhere(&now));
        if !bake {
            bar.finish_and_clear();
            return Ok(Ended::Well);
        }
        let left = now.rollout_progress.as_ref().and_then(|step| step.bake_seconds_left).unwrap_or(0);
        let deadline = Instant::now() + Duration::from_secs(left) + timeout;
        while now.proposal.state == ProposalState::RollingOut {
            let left = now.rollout_progress.as_ref().and_then(|step| step.bake_seconds_left);
            bar.set_message(format!("watched for {} s more", left.unwrap_or(0)));
            if Instant::now() >= deadline {
                bar.finish_and_clear();
                println!("its bake is not over when it should be:");
                now.rollout_progress.iter().for_each(hindrances);
                return Ok(Ended::NotInProduction);
            }
            now = news(client, now, deadline, &bar).await?;
        }
    }
    bar.finish_and_clear();
    Ok(ended(&now))
}

fn is_everywhere(now: &ProposalNow) -> bool {
    now.proposal.rollout.as_ref().is_some_and(|rollout| rollout.synced_at.is_some())
}

fn everywhere(now: &ProposalNow) {
    if let Some(step) = &now.rollout_progress {
        println!("{}/{} replicas have it", step.synced, step.expected);
    }
}

/// What keeps a rollout, and who.
pub(super) fn hindrances(step: &RolloutStep) {
    println!("  {}/{} replicas have it", step.synced, step.expected);
    for hindrance in &step.hindrances {
        println!("  - {}", plain(hindrance));
    }
}

/// The end of a rollout, told.
fn ended(now: &ProposalNow) -> Ended {
    println!("proposal {}: {}", now.proposal.id, printed::in_words(&now.proposal));
    let outcome = now.proposal.rollout.as_ref().and_then(|rollout| rollout.outcome.as_ref());
    if let Some(Outcome::RolledBack { version, reasons, .. }) = outcome {
        println!("version {version} holds the earlier document:");
        for reason in reasons {
            println!("  - {}", plain(reason));
        }
    }
    if now.proposal.state == ProposalState::Done { Ended::Well } else { Ended::NotInProduction }
}

/// The proposal as soon as something happened to it, or after a little while.
async fn news(
    client: &Client,
    known: ProposalNow,
    deadline: Instant,
    bar: &ProgressBar,
) -> anyhow::Result<ProposalNow> {
    let (id, revision) = (known.proposal.id, known.proposal.revision);
    let path = format!("/api/proposals/{id}?revision={revision}&wait_seconds={}", LOOK.as_secs());
    match client.get_within(&path, LOOK).await {
        Ok(now) => Ok(now),
        Err(error) if is_final(&error) || Instant::now() >= deadline => Err(error),
        Err(error) => {
            bar.set_message(format!("{error:#}; asking again"));
            tokio::time::sleep(PAUSE).await;
            Ok(known)
        }
    }
}

/// Whether asking again would be answered alike.
fn is_final(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| refused.status < 500 && refused.status != 429)
}

/// A line that moves on a terminal, and is not there elsewhere.
fn bar() -> anyhow::Result<ProgressBar> {
    let bar =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}")?);
    bar.enable_steady_tick(TICK);
    Ok(bar)
}
