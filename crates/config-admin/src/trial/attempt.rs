//! One trial from its beginning, or from where another process left it, to its report.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_core::change::{Check, CheckName, Proposal, ProposalState, Replay, TrialReport};
use bellwether_core::config::{Origin, Provenance};
use bellwether_store::{NewConfigVersion, StoreError, StoredVersion};
use chrono::{DateTime, Utc};

use super::case::Case;
use super::checks::{self, TakenUp};
use super::findings::not_run;
use crate::ConsoleError;
use crate::console::{Console, SYSTEM, Turn, particulars};

/// Between two tries of what a database that is away keeps from being done.
const PAUSE: Duration = Duration::from_millis(500);

/// Every check, in the order they run.
const CHECKS: [CheckName; 6] = [
    CheckName::Replicas,
    CheckName::Golden,
    CheckName::Cutoff,
    CheckName::Shares,
    CheckName::Treatments,
    CheckName::Replay,
];

/// What is known of a trial so far.
pub(super) struct Attempt<'a> {
    console: &'a Console,
    proposal: Proposal,
    begun_at: DateTime<Utc>,
    stage_version: Option<u64>,
    bundles: BTreeMap<String, String>,
    checks: Vec<Check>,
    replay: Option<Replay>,
    given_up: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(console: &'a Console, proposal: Proposal) -> Self {
        let begun_at = proposal.trial.as_ref().map_or_else(|| console.now(), |trial| trial.begun_at);
        Self {
            console,
            proposal,
            begun_at,
            stage_version: None,
            bundles: BTreeMap::new(),
            checks: Vec::new(),
            replay: None,
            given_up: false,
        }
    }

    /// Runs every check. May be dropped at any moment: what was found until then is kept.
    pub(super) async fn run(&mut self) {
        self.console.progress().begin(self.proposal.id, CheckName::Replicas, 0);
        let stage_version = match self.write_to_stage().await {
            Ok(version) => version,
            Err(reason) => {
                self.checks.push(not_run(CheckName::Replicas, reason));
                return;
            }
        };
        self.stage_version = Some(stage_version);
        if !self.note_stage_version(stage_version).await {
            self.given_up = true;
            return;
        }
        self.console.stage().announce().await;
        let document = self.proposal.document.clone();
        let mut case = Case::new(self.console, self.proposal.id, &document, stage_version);
        let TakenUp { check: taken_up, bundles, roster } =
            checks::replicas(&case, &self.proposal.sha256).await;
        self.checks.push(taken_up.clone());
        self.bundles = bundles;
        if !taken_up.passed {
            return;
        }
        case.roster = roster;
        self.checks.push(checks::golden(&case).await);
        // Held against the answers of all checks: its place is kept, and it is judged at the end.
        self.checks.push(checks::cutoff(&case));
        self.checks.push(checks::shares(&case).await);
        self.checks.push(checks::treatments(&case).await);
        self.judge_cutoff(&case);
        let (check, replay) = checks::replay(&case).await;
        self.checks.push(check);
        self.replay = replay;
        self.judge_cutoff(&case);
        let check = checks::unchanged(&case, &taken_up).await;
        self.judge(check);
    }

    fn judge_cutoff(&mut self, case: &Case<'_>) {
        self.judge(checks::cutoff(case));
    }

    /// Puts a check in the place of what was said of it before.
    fn judge(&mut self, now: Check) {
        if let Some(check) = self.checks.iter_mut().find(|check| check.name == now.name) {
            *check = now;
        }
    }

    /// The proposal as it was last seen, and what was found; nothing where the proposal is not in this trial any more.
    /// `late` is the bound that the trial exceeded.
    pub(super) fn report(mut self, late: Option<Duration>) -> (Proposal, Option<TrialReport>) {
        if self.given_up {
            return (self.proposal, None);
        }
        let reason = match late {
            Some(bound) => format!("the trial did not end within {} s", bound.as_secs()),
            None => "an earlier check did not pass".to_owned(),
        };
        for name in CHECKS {
            if self.checks.iter().all(|check| check.name != name) {
                self.checks.push(not_run(name, reason.clone()));
            }
        }
        let report = TrialReport {
            sha256: self.proposal.sha256.clone(),
            stage_version: self.stage_version,
            bundles: self.bundles,
            begun_at: self.begun_at,
            ended_at: self.console.now(),
            passed: late.is_none() && self.checks.iter().all(|check| check.passed),
            checks: self.checks,
            replay: self.replay,
        };
        (self.proposal, Some(report))
    }

    /// Makes the document staging's live version, unless it is that already by this proposal. Waits for a database that
    /// is away.
    ///
    /// # Errors
    /// What keeps it from being written, in words.
    async fn write_to_stage(&self) -> Result<u64, String> {
        let stage = self.console.stage();
        loop {
            let live = match stage.live().await {
                Ok(live) => live,
                Err(error) => {
                    wait(&error).await?;
                    continue;
                }
            };
            if let Some(live) = live.as_ref().filter(|live| self.is_ours(live)) {
                return Ok(live.version);
            }
            let new = NewConfigVersion {
                environment: stage.name().to_owned(),
                // Whatever it is: what somebody wrote past us is followed too.
                parent: live.map(|live| live.version),
                document: self.proposal.document.clone(),
                author: self.proposal.author.clone(),
                reason: self.proposal.reason.clone(),
                created_at: self.console.now(),
                provenance: Some(Provenance {
                    proposal: Some(self.proposal.id),
                    ..Provenance::of(Origin::Trial)
                }),
                stage_report: None,
            };
            match stage.database.append(new).await {
                Ok(version) => return Ok(version.version),
                // Somebody was quicker, or an answer was lost: what is live now is looked at again.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => wait(&error).await?,
            }
        }
    }

    /// Whether a version of staging is this document, written there by this proposal.
    fn is_ours(&self, live: &StoredVersion) -> bool {
        let by = live.provenance.as_ref().and_then(|provenance| provenance.proposal);
        live.document.is_ok() && live.sha256 == self.proposal.sha256 && by == Some(self.proposal.id)
    }

    /// Notes in the proposal which version it is in staging. Answers whether the proposal is still in this trial.
    async fn note_stage_version(&mut self, version: u64) -> bool {
        loop {
            let trial = self.proposal.trial.as_ref();
            if trial.is_some_and(|trial| trial.stage_version == Some(version)) {
                return true;
            }
            let before = self.proposal.clone();
            let mut after = Proposal { updated_at: self.console.now(), ..before.clone() };
            if let Some(trial) = &mut after.trial {
                trial.stage_version = Some(version);
            }
            let detail = particulars(&after, serde_json::json!({ "stage_version": version }));
            let (action, actor) = ("proposal.in_staging", SYSTEM.to_owned());
            let turn = Turn { before, after, action, actor, detail, more: Vec::new() };
            match self.console.turn(turn).await {
                Ok(now) => self.proposal = now,
                Err(error) => {
                    if !matches!(error, ConsoleError::Overtaken(_) | ConsoleError::Stale { .. }) {
                        tracing::warn!(%error, "a trial waits to be noted");
                        tokio::time::sleep(PAUSE).await;
                    }
                    match self.console.database().proposal(self.proposal.id).await {
                        Ok(Some(now)) if is_same_trial(&now, &self.proposal) => self.proposal = now,
                        Ok(_) => return false,
                        Err(_) => tokio::time::sleep(PAUSE).await,
                    }
                }
            }
        }
    }
}

/// Whether a proposal is still in the trial that it was in before.
pub(super) fn is_same_trial(now: &Proposal, before: &Proposal) -> bool {
    let begun_at = |proposal: &Proposal| proposal.trial.as_ref().map(|trial| trial.begun_at);
    now.state == ProposalState::Trying && begun_at(now) == begun_at(before)
}

/// Waits where the database is away.
///
/// # Errors
/// Where it is not, and waiting would not help.
async fn wait(error: &StoreError) -> Result<(), String> {
    if !error.is_transient() {
        return Err(format!("it cannot be written to staging: {error}"));
    }
    tracing::warn!(%error, "a trial waits for staging's database");
    tokio::time::sleep(PAUSE).await;
    Ok(())
}
