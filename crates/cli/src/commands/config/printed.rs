//! How config is told to people: documents, differences, proposals and reports, in lines. Whatever somebody once typed
//! is told without characters that would steer a terminal.

use bellwether_core::change::{
    Check, CheckName, Difference, Proposal, ProposalState, Replay, Rollout, TrialReport,
};
use chrono::Utc;
use serde_json::Value;

use super::answers::{ProposalNow, VersionRead};
use crate::span::ago;
use crate::table::grouped;

/// A text of somebody's, on one line.
pub(super) fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

/// A value of a field; nothing where there is none.
fn value(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| plain(&value.to_string()))
}

/// A version: who, when, why, and its document.
pub(super) fn version(version: &VersionRead) {
    let (author, reason) = (plain(&version.author), plain(&version.reason));
    let age = ago(version.created_at, Utc::now());
    println!(
        "version {} of {}, by {author}, {age} ago: {reason}",
        version.version,
        plain(&version.environment)
    );
    println!("sha256 {}", plain(&version.sha256));
    for reason in version.unreadable.iter().flat_map(|unreadable| &unreadable.reasons) {
        println!("  cannot be used: {}", plain(reason));
    }
    for (name, field) in version.document.iter().filter_map(Value::as_object).flatten() {
        println!("  {:<22}{}", plain(name), value(Some(field)));
    }
}

/// What changes, a line a field.
pub(super) fn differences(differences: &[Difference]) {
    for Difference { field, before, after } in differences {
        println!("  {}: {} -> {}", plain(field), value(before.as_ref()), value(after.as_ref()));
    }
    if differences.is_empty() {
        println!("  nothing");
    }
}

/// A proposal in a few lines.
pub(super) fn proposal(now: &ProposalNow) {
    let proposal = &now.proposal;
    println!(
        "proposal {} (revision {}), by {}: {}",
        proposal.id,
        proposal.revision,
        plain(&proposal.author),
        plain(&proposal.reason)
    );
    println!("  {}", in_words(proposal));
    if let Some(changes) = &now.differences {
        println!("what it changes of version {}:", proposal.base);
        differences(changes);
    }
    if let Some(reassignment) = now.reassignment.as_ref().filter(|reassignment| reassignment.asks()) {
        println!(
            "  it gives {:.2} percent of clients another treatment or model",
            reassignment.moved * 100.0
        );
    }
}

/// How a proposal stands, in one sentence.
pub(super) fn in_words(proposal: &Proposal) -> String {
    let version = proposal.rollout.as_ref().map_or(0, |rollout| rollout.version);
    let words = match proposal.state {
        ProposalState::Proposed => "it is proposed, and not tried yet".to_owned(),
        ProposalState::Trying => "it is being tried in staging".to_owned(),
        ProposalState::Passed => "it has passed its trial".to_owned(),
        ProposalState::Failed => "it has not passed its trial".to_owned(),
        ProposalState::RollingOut => format!("it is being rolled out as version {version}"),
        ProposalState::Done => {
            let judgement = proposal.rollout.as_ref().and_then(Rollout::judgement).unwrap_or_default();
            format!("it is in production as version {version}, and done. {judgement}").trim_end().to_owned()
        }
        ProposalState::RolledBack => {
            format!("it was in production as version {version}, and was rolled back")
        }
        ProposalState::Overtaken => format!("another version followed version {version} before it was done"),
        ProposalState::Withdrawn => "it was withdrawn".to_owned(),
    };
    let approved = proposal.approval.as_ref();
    let approved = approved.map_or_else(String::new, |by| format!("; {} has approved it", plain(&by.by)));
    let untried = if proposal.emergency.is_some() { "; it went past staging" } else { "" };
    format!("{words}{approved}{untried}")
}

/// A trial's report: every check, and what the replay says.
pub(super) fn report(report: &TrialReport) {
    let verdict = if report.passed { "passed" } else { "NOT passed" };
    let took = (report.ended_at - report.begun_at).num_seconds().max(0);
    println!("the trial has {verdict}, after {took} s:");
    for Check { name, passed, summary, findings } in &report.checks {
        let verdict = if *passed { "ok" } else { "FAILED" };
        println!("  {verdict:<8}{:<12}{}", check_name(*name), plain(summary));
        for finding in findings {
            println!("          - {}", plain(finding));
        }
    }
    if let Some(found) = &report.replay {
        replay(found);
    }
}

fn replay(replay: &Replay) {
    println!(
        "  against version {}: of {} clients high risk changes for {} ({:.2} percent), {} to yes and {} to no; its share \
         goes from {:.2} to {:.2} percent, the mean probability from {:.4} to {:.4}; p50 {:.1} ms, p99 {:.1} ms",
        replay.current_version,
        grouped(replay.clients),
        grouped(replay.flipped_to_yes + replay.flipped_to_no),
        replay.flipped() * 100.0,
        grouped(replay.flipped_to_yes),
        grouped(replay.flipped_to_no),
        replay.high_risk_before * 100.0,
        replay.high_risk_after * 100.0,
        replay.before.mean,
        replay.after.mean,
        replay.latency_p50_ms,
        replay.latency_p99_ms,
    );
}

fn check_name(name: CheckName) -> &'static str {
    match name {
        CheckName::Replicas => "replicas",
        CheckName::Golden => "golden",
        CheckName::Cutoff => "cutoff",
        CheckName::Shares => "shares",
        CheckName::Treatments => "treatments",
        CheckName::Replay => "replay",
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_that_was_typed_steers_a_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d"), "a [2Jb c d");
        assert_eq!(plain("<script>'; DROP TABLE x; -- é 𝕏"), "<script>'; DROP TABLE x; -- é 𝕏");
    }
}
