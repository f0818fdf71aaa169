//! The trial of a proposal in staging: its document is made staging's live config, every replica of staging takes it up
//! or says why not, and checks run against the live staging api. One trial at a time, since there is one staging.
//!
//! A trial is what the proposal in the database says it is, not what this process remembers: one that a process left
//! is taken up by the next, and two processes at it do no harm, since every write is by revision.

mod attempt;
mod case;
mod checks;
mod findings;
mod ids;
mod roster;

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_core::change::{Check, Proposal, ProposalState, TrialReport};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::ConsoleError;
use crate::console::{Console, SYSTEM, Turn, particulars};
use attempt::Attempt;
use findings::Findings;

/// How often what is to be tried is looked for, where no bell rings.
const LOOK: Duration = Duration::from_secs(2);
/// How long a trial may take.
const BOUND: Duration = Duration::from_secs(600);

/// Carries trials on.
pub struct Runner {
    console: Console,
    bound: Duration,
}

impl Runner {
    /// A runner of a console's trials.
    pub fn new(console: Console) -> Self {
        Self { console, bound: BOUND }
    }

    /// The same, where a trial may take so long: 10 minutes by default.
    #[must_use]
    pub fn bounded(self, bound: Duration) -> Self {
        Self { bound, ..self }
    }

    /// Carries every trial on, one after the other, until `stop` is cancelled. What is under way then is taken up by
    /// the next process.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(Box::pin(self.keep_on())).await;
    }

    async fn keep_on(&self) {
        let mut away = false;
        loop {
            match self.console.database().under_way().await {
                Ok(proposals) => {
                    away = false;
                    if let Some(next) = proposals.into_iter().find(is_trying) {
                        self.carry_on(next).await;
                        continue;
                    }
                }
                // Said once an outage.
                Err(error) if !away => {
                    away = true;
                    tracing::warn!(%error, "trials cannot be looked up; they wait");
                }
                Err(_) => {}
            }
            let bell = self.console.bells().trials.notified();
            let _ = tokio::time::timeout(LOOK, bell).await;
        }
    }

    async fn carry_on(&self, proposal: Proposal) {
        let id = proposal.id;
        tracing::info!(proposal = id, "a trial in staging begins");
        let mut attempt = Attempt::new(&self.console, proposal.clone());
        let in_time = tokio::select! {
            ran = tokio::time::timeout(self.bound, attempt.run()) => Some(ran.is_ok()),
            () = self.ends_otherwise(&proposal) => None,
        };
        self.console.progress().end(id);
        let Some(in_time) = in_time else {
            tracing::info!(
                proposal = id,
                "a trial in staging is stopped: the proposal is not in it any more"
            );
            return;
        };
        let (proposal, report) = attempt.report((!in_time).then_some(self.bound));
        if let Some(report) = report {
            self.write(proposal, report).await;
        }
    }

    /// Returns once a proposal is not in this trial any more: it was withdrawn, or another process ended the trial. What
    /// nobody waits for does not keep staging from the next.
    async fn ends_otherwise(&self, begun: &Proposal) {
        loop {
            let bell = self.console.bells().trials.notified();
            let _ = tokio::time::timeout(LOOK, bell).await;
            match self.console.database().proposal(begun.id).await {
                Ok(Some(now)) if attempt::is_same_trial(&now, begun) => {}
                Ok(_) => return,
                // A database that is away ends no trial.
                Err(_) => {}
            }
        }
    }

    /// Writes the outcome down, however long the database is away. Where somebody else did something to the proposal
    /// meanwhile, that stands, unless it is still in this trial. A report that the database does not take is no pass.
    async fn write(&self, mut before: Proposal, mut report: TrialReport) {
        let mut shortened = false;
        loop {
            match self.console.turn(outcome(&self.console, &before, report.clone())).await {
                Ok(written) => {
                    tracing::info!(proposal = written.id, passed = report.passed, "a trial in staging ended");
                    return;
                }
                Err(ConsoleError::Overtaken(_) | ConsoleError::Stale { .. }) => {
                    match self.still(&before).await {
                        Some(now) => before = now,
                        None => return,
                    }
                }
                Err(error) if error.is_away() => {
                    tracing::warn!(%error, "the outcome of a trial cannot be written down; it is tried again");
                    tokio::time::sleep(LOOK).await;
                    match self.still(&before).await {
                        Some(now) => before = now,
                        None => return,
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the outcome of a trial cannot be written down");
                    if !shortened {
                        // Left as it is, it would be tried anew for ever.
                        (shortened, report) = (true, in_short(&report, &error));
                        continue;
                    }
                    tokio::time::sleep(LOOK).await;
                    return;
                }
            }
        }
    }

    /// The proposal as it is now, if it is still in the same trial; waits for the database.
    async fn still(&self, before: &Proposal) -> Option<Proposal> {
        loop {
            match self.console.database().proposal(before.id).await {
                Ok(now) => return now.filter(|now| attempt::is_same_trial(now, before)),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }
}

/// What is written in place of a report that cannot be.
fn in_short(report: &TrialReport, error: &ConsoleError) -> TrialReport {
    let unwritten = |check: &Check| {
        let mut findings = Findings::default();
        findings.note(format!("the report could not be written down: {error}"));
        findings.into_check(check.name, "its findings are lost")
    };
    TrialReport {
        sha256: report.sha256.clone(),
        stage_version: report.stage_version,
        bundles: BTreeMap::new(),
        begun_at: report.begun_at,
        ended_at: report.ended_at,
        passed: false,
        checks: report.checks.iter().map(unwritten).collect(),
        replay: None,
    }
}

fn is_trying(proposal: &Proposal) -> bool {
    proposal.state == ProposalState::Trying
}

/// The change that the end of a trial is.
fn outcome(console: &Console, before: &Proposal, report: TrialReport) -> Turn {
    let failed: Vec<_> = report.checks.iter().filter(|check| !check.passed).map(|check| check.name).collect();
    let detail = json!({
        "passed": report.passed,
        "failed_checks": failed,
        "stage_version": report.stage_version,
        "bundles": report.bundles,
    });
    let state = if report.passed { ProposalState::Passed } else { ProposalState::Failed };
    let mut after = Proposal { state, updated_at: console.now(), ..before.clone() };
    if let Some(trial) = &mut after.trial {
        trial.stage_version = report.stage_version.or(trial.stage_version);
        trial.report = Some(report);
    }
    let detail = particulars(&after, detail);
    let before = before.clone();
    Turn { before, after, action: "proposal.tested", actor: SYSTEM.to_owned(), detail, more: Vec::new() }
}
