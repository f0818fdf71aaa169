//! Whether every replica of staging takes the version up, and which bundles each has loaded for it.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_core::change::{Check, CheckName};
use bellwether_store::ReplicaReport;
use tokio::time::Instant;

use crate::console::{ReplicaState, ReplicaView};
use crate::environment::Census;
use crate::trial::case::Case;
use crate::trial::findings::Findings;
use crate::trial::roster::Roster;

/// Between two looks at the replicas' reports.
const LOOK: Duration = Duration::from_millis(250);

/// What became of a version in staging.
pub(in crate::trial) struct TakenUp {
    pub check: Check,
    /// SHA-256 of the bundles that the document names, as every replica has them.
    pub bundles: BTreeMap<String, String>,
    /// Who took it up.
    pub roster: Roster,
}

/// Waits until every replica that is not silent has the version or refuses it, for as long as settings say; then tells
/// which bundles they have.
pub(in crate::trial) async fn replicas(case: &Case<'_>, sha256: &str) -> TakenUp {
    let patience = Duration::from_secs(case.console.settings().acknowledge_seconds);
    let mut deadline = Instant::now() + patience;
    let mut findings = Findings::default();
    let census = loop {
        match case.console.census(case.console.stage()).await {
            Ok(census) if is_settled(&census, case.stage_version) || Instant::now() >= deadline => {
                break census;
            }
            Ok(_) => {}
            // What the database does not tell is no replica's fault. The trial as a whole is bounded.
            Err(error) if error.is_transient() => deadline = Instant::now() + patience,
            Err(error) => {
                findings.note(format!("the replicas' reports cannot be read: {error}"));
                let check = findings.into_check(CheckName::Replicas, "not run");
                return TakenUp { check, bundles: BTreeMap::new(), roster: Roster::default() };
            }
        }
        tokio::time::sleep(LOOK).await;
    };
    let (views, version) = (heard(&census, case.stage_version), case.stage_version);
    for view in &views {
        let name = &view.name;
        match view.state {
            ReplicaState::Synced | ReplicaState::Silent => {}
            ReplicaState::Refused => {
                findings
                    .note(format!("replica {name} refuses version {version}: {}", view.reasons.join("; ")));
            }
            ReplicaState::Behind => {
                let at = view.version.map_or_else(|| "none".to_owned(), |version| version.to_string());
                let seconds = patience.as_secs();
                findings.note(format!(
                    "replica {name} has not taken version {version} up within {seconds} s; it runs version {at}"
                ));
            }
        }
    }
    if views.is_empty() {
        findings.note("no replica of staging has been heard of lately");
    }
    let synced = views.iter().filter(|view| view.state == ReplicaState::Synced).count();
    let reports = census.reports().iter().filter(|report| report.version == Some(version));
    let reports: Vec<_> = reports.filter(|report| !census.is_silent(report)).collect();
    for report in reports.iter().filter(|report| report.sha256.as_deref() != Some(sha256)) {
        findings.note(format!("replica {} has another document as version {version}", report.replica));
    }
    let bundles = bundles(case, &reports, &mut findings);
    let silent = census.reports().len() - views.len();
    let left_out = if silent > 0 { format!("; {silent} silent, not waited for") } else { String::new() };
    let summary = format!("{synced} of {} replicas took version {version} up{left_out}", views.len());
    let check = findings.into_check(CheckName::Replicas, summary);
    TakenUp { check, bundles, roster: Roster::of(&census, case.document) }
}

/// Whether the replicas are still those that took the version up, with the bundles that they had: else what was found
/// is of others than the report says. One that is only unheard of is waited for as settings say, since a database that
/// was away makes all of them so.
pub(in crate::trial) async fn unchanged(case: &Case<'_>, before: &Check) -> Check {
    let patience = Duration::from_secs(case.console.settings().acknowledge_seconds);
    let mut deadline = Instant::now() + patience;
    let mut findings = Findings::default();
    loop {
        match case.console.census(case.console.stage()).await {
            Ok(census) => {
                let changes = case.roster.changes(&Roster::of(&census, case.document));
                let settled = !changes.for_good.is_empty() || changes.unheard.is_empty();
                if settled || Instant::now() >= deadline {
                    changes.for_good.into_iter().chain(changes.unheard).for_each(|told| findings.note(told));
                    break;
                }
            }
            Err(error) if error.is_transient() => deadline = Instant::now() + patience,
            Err(error) => {
                findings.note(format!("the replicas' reports cannot be read once more: {error}"));
                break;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    findings.into_check(CheckName::Replicas, before.summary.clone())
}

fn heard(census: &Census, version: u64) -> Vec<ReplicaView> {
    let mut views = census.against(Some(version));
    views.retain(|view| view.state != ReplicaState::Silent);
    views
}

/// Whether nothing more is to be waited for.
fn is_settled(census: &Census, version: u64) -> bool {
    let views = heard(census, version);
    !views.is_empty() && views.iter().all(|view| view.state != ReplicaState::Behind)
}

/// The bundles that the document names, as every replica has them.
fn bundles(case: &Case<'_>, reports: &[&ReplicaReport], findings: &mut Findings) -> BTreeMap<String, String> {
    let mut bundles = BTreeMap::new();
    for model in case.document.models() {
        let mut loaded: Vec<_> = reports.iter().filter_map(|report| report.bundles.get(model)).collect();
        let missing = loaded.len() < reports.len();
        loaded.sort_unstable();
        loaded.dedup();
        match loaded.as_slice() {
            [only] if !missing => {
                bundles.insert(model.to_owned(), (*only).clone());
            }
            _ if reports.is_empty() => {}
            _ => findings.note(format!("the replicas do not have the same bundle loaded as model {model}")),
        }
    }
    bundles
}
