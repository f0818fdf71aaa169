//! How things are shown: times, shares, states, documents and differences, in words and rows that templates lay
//! out.

use bellwether_core::change::{Difference, ProposalState, ThreeWay};
use bellwether_core::config::{ConfigDocument, EmailPolicy, Origin, Provenance};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A word on a ground: `class` is `good`, `bad`, `warn` or nothing.
pub(crate) struct Badge {
    pub(crate) class: &'static str,
    pub(crate) text: String,
}

impl Badge {
    pub(crate) fn new(class: &'static str, text: impl Into<String>) -> Self {
        Self { class, text: text.into() }
    }
}

/// What a proposal's state is called.
pub(crate) fn state_badge(state: ProposalState) -> Badge {
    match state {
        ProposalState::Proposed => Badge::new("", "proposed"),
        ProposalState::Trying => Badge::new("warn", "being tried"),
        ProposalState::Passed => Badge::new("good", "passed staging"),
        ProposalState::Failed => Badge::new("bad", "failed staging"),
        ProposalState::RollingOut => Badge::new("warn", "rolling out"),
        ProposalState::Done => Badge::new("good", "done"),
        ProposalState::RolledBack => Badge::new("bad", "rolled back"),
        ProposalState::Overtaken => Badge::new("", "overtaken"),
        ProposalState::Withdrawn => Badge::new("", "withdrawn"),
    }
}

/// By which way a version came, where that is worth a word.
pub(crate) fn provenance_badge(provenance: Option<&Provenance>) -> Option<Badge> {
    let Some(provenance) = provenance else { return Some(Badge::new("warn", "written past the console")) };
    if provenance.emergency.is_some() {
        return Some(Badge::new("bad", "past staging"));
    }
    match provenance.origin {
        Origin::Initial => Some(Badge::new("", "first")),
        Origin::Trial => Some(Badge::new("", "trial")),
        Origin::Promotion => None,
        Origin::Revert => Some(Badge::new("warn", "revert")),
        Origin::Rollback => Some(Badge::new("bad", "rolled back by itself")),
    }
}

/// A moment, to the second.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago, in the largest unit that says enough.
pub(crate) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - at).num_seconds() {
        ..=1 => "just now".to_owned(),
        seconds @ ..=119 => format!("{seconds} s ago"),
        seconds @ ..=7_199 => format!("{} min ago", seconds / 60),
        seconds @ ..=172_799 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// A number of seconds as people say it.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        120..=7_199 => format!("{} min {} s", seconds / 60, seconds % 60),
        86_400 => "1 day".to_owned(),
        _ if seconds.is_multiple_of(86_400) => format!("{} days", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A share of 0 to 1 in percent, to a tenth.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Enough of a hash to tell two apart.
pub(crate) fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// A name and what stands beside it.
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// A document in words.
pub(crate) fn facts(document: &ConfigDocument) -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value };
    let arms = document.arms.iter().map(|arm| format!("{} {} %", arm.model, arm.percentage));
    let mut facts = vec![
        fact("Cutoff", document.proba_cutoff.to_string()),
        fact("Arms", arms.collect::<Vec<_>>().join(", ")),
    ];
    if !document.shadow.is_empty() {
        facts.push(fact("Shadows", document.shadow.join(", ")));
    }
    facts.push(fact("Heuristic", format!("{} %", document.heuristic_percentage)));
    facts.push(fact("Holdout", format!("{} %", document.holdout_percentage)));
    let emailed = match document.email {
        EmailPolicy::None => "none",
        EmailPolicy::HighRisk => "of high risk",
        EmailPolicy::All => "all",
    };
    let to = match &document.email_recipients {
        Some(recipients) if !recipients.is_empty() => format!(" to {}", recipients.join(", ")),
        _ => " to the operator's recipients".to_owned(),
    };
    facts.push(fact("Emails", format!("{emailed}{to}")));
    facts.push(fact("Seen within", duration(u64::from(document.recent_window_seconds))));
    facts.push(fact("Salt", document.experiment_salt.clone()));
    facts.push(fact("Drift", drift(document)));
    facts.push(fact("Outcome window", format!("{} days", document.outcome_window())));
    if let Some(contact) = document.contact_value {
        let kept = percent(contact.kept_share);
        facts.push(fact("A contact", format!("costs {}, keeps {kept} of the LTV", contact.contact_cost)));
    }
    facts
}

/// The limits of drift in words.
fn drift(document: &ConfigDocument) -> String {
    let limits = document.drift_limits();
    format!(
        "PSI {}, KS {}, V {}, missing ± {}, unseen {}, from {} rows a day{}",
        limits.psi,
        limits.ks,
        limits.cramers_v,
        limits.missing_change,
        limits.unseen_share,
        limits.minimum_rows,
        if document.drift.is_none() { " (the defaults)" } else { "" }
    )
}

/// A value as people read it.
pub(crate) fn value(value: Option<&Value>) -> String {
    match value {
        None => "—".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => "the operator's".to_owned(),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| self::value(Some(item))).collect();
            if items.is_empty() { "none".to_owned() } else { items.join(", ") }
        }
        Some(other) => other.to_string(),
    }
}

/// One field's difference.
pub(crate) struct DifferenceRow {
    pub(crate) field: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

pub(crate) fn difference_rows(differences: &[Difference]) -> Vec<DifferenceRow> {
    let row = |difference: &Difference| DifferenceRow {
        field: difference.field.clone(),
        before: value(difference.before.as_ref()),
        after: value(difference.after.as_ref()),
    };
    differences.iter().map(row).collect()
}

/// One field of three documents.
pub(crate) struct ClashRow {
    pub(crate) field: String,
    pub(crate) base: String,
    pub(crate) live: String,
    pub(crate) proposed: String,
    pub(crate) clash: bool,
}

pub(crate) fn clash_rows(fields: &[ThreeWay]) -> Vec<ClashRow> {
    let row = |field: &ThreeWay| ClashRow {
        field: field.field.clone(),
        base: value(field.base.as_ref()),
        live: value(field.live.as_ref()),
        proposed: value(field.proposed.as_ref()),
        clash: field.clash,
    };
    fields.iter().map(row).collect()
}
