//! What a reader of a report must know beside its figures, in words.

use bellwether_core::treatment::Treatment;
use serde::Serialize;

use super::models::Compared;
use super::tally::Tally;
use super::{ExperimentReport, LEAST_CLIENTS, LEAST_EVENTS, Population, Verdict};
use crate::cohort::Cohort;
use crate::experiment::Silence;

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The figures cannot be taken as they are.
    Warning,
    /// How they are to be read.
    Information,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Note {
    /// How much it matters.
    pub kind: NoteKind,
    /// What it is, a sentence or two.
    pub text: String,
}

/// Below this, that outcomes are missing is no chance.
const MISSING: f64 = 0.01;

/// Gathers notes.
#[derive(Default)]
struct Notes(Vec<Note>);

impl Notes {
    fn warn(&mut self, holds: bool, text: impl FnOnce() -> String) {
        self.add(NoteKind::Warning, holds, text);
    }

    fn inform(&mut self, holds: bool, text: impl FnOnce() -> String) {
        self.add(NoteKind::Information, holds, text);
    }

    fn add(&mut self, kind: NoteKind, holds: bool, text: impl FnOnce() -> String) {
        if holds {
            self.0.push(Note { kind, text: text() });
        }
    }
}

/// What is to be known about a report, warnings first.
pub(super) fn notes(
    cohort: &Cohort,
    tally: &Tally,
    compared: &Compared,
    report: &ExperimentReport,
) -> Vec<Note> {
    let mut notes = Notes::default();
    about_the_draw(&mut notes, cohort, report);
    about_outcomes(&mut notes, cohort, tally, report);
    about_differences(&mut notes, report);
    about_models(&mut notes, compared, report);
    about_value(&mut notes, report);
    notes.0.sort_by_key(|note| note.kind);
    notes.0
}

fn about_the_draw(notes: &mut Notes, cohort: &Cohort, report: &ExperimentReport) {
    notes.warn(report.clients == 0, || "No client entered: there is nothing to compare.".to_owned());
    notes.warn(report.sample_ratio.as_ref().is_some_and(|ratio| ratio.mismatch), || {
        "Sample ratio mismatch: clients did not fall into the groups as the shares lead to expect. Something lost or \
         moved clients, so no difference below can be believed until the reason is known."
            .to_owned()
    });
    let pruned = cohort.log_begins.filter(|begins| *begins > report.from + chrono::TimeDelta::days(1));
    notes.warn(pruned.is_some(), || {
        let since = pruned.map(|begins| begins.format("%Y-%m-%d").to_string()).unwrap_or_default();
        format!(
            "The log begins on {since}, after the experiment: it was pruned, or nothing was asked before. Where it was \
             pruned, clients who came earlier are missing or enter late."
        )
    });
    notes.inform(report.regimes > 1, || {
        format!(
            "Shares were changed: there are {} settings of them. Differences are made within each and put together; \
             rates of single groups are not, so two of them need not differ by the difference told.",
            report.regimes
        )
    });
}

fn about_outcomes(notes: &mut Notes, cohort: &Cohort, tally: &Tally, report: &ExperimentReport) {
    let treatments = || report.groups.iter().filter(|group| group.name.model.is_none());
    let sum = |of: fn(&super::Group) -> u64| treatments().map(of).sum::<u64>();
    let (moved, unknown) = (sum(|group| group.moved), sum(|group| group.unknown));
    let (immature, compared) = (sum(|group| group.immature), sum(|group| group.compared));
    let differ = report.missing_outcomes.filter(|test| test.p_value < MISSING);
    notes.warn(differ.is_some(), || {
        format!(
            "What became of clients is not known equally often for every treatment (p {:.1e}): differences in churn \
             may be differences in what gets reported.",
            differ.map_or(1.0, |test| test.p_value)
        )
    });
    notes.inform(immature > 0 && compared + unknown == 0, || {
        let first = cohort.clients.iter().map(|client| client.exposed_at).min();
        let over =
            first.and_then(chrono::DateTime::from_timestamp_millis).map(|at| at + cohort.spec.window());
        let over = over.map(|over| over.format("%Y-%m-%d").to_string()).unwrap_or_default();
        format!("Nobody's window of {} days is over; the first is on {over}.", report.window_days)
    });
    notes.inform(unknown > 0, || {
        format!("Of {unknown} clients whose window is over nobody said what became; they are not compared.")
    });
    notes.inform(report.silence == Silence::Stayed && compared > 0, || {
        "Clients of whom nothing was said are taken to have stayed: right only where everyone who leaves is reported, \
         and soon."
            .to_owned()
    });
    notes.inform(moved > 0, || {
        format!(
            "{moved} clients are left out, because a version that went live within their window gives them another \
             treatment."
        )
    });
    notes.inform(tally.churned_before > 0, || {
        format!("{} clients are said to have left before their first prediction.", tally.churned_before)
    });
}

fn about_differences(notes: &mut Notes, report: &ExperimentReport) {
    let has = |treatment| report.groups.iter().any(|group| group.name.treatment == treatment);
    notes.inform(report.clients > 0 && !has(Treatment::Holdout), || {
        "Nobody was held out: nothing here says what would have come without predictions.".to_owned()
    });
    let few = report.differences.iter().filter(|difference| difference.verdict == Verdict::TooFew);
    for difference in few {
        notes.inform(true, || {
            format!(
                "Too few to compare {} with {}: it takes {LEAST_CLIENTS} clients on both sides, and on both {LEAST_EVENTS} \
                 who churned and {LEAST_EVENTS} who stayed for an interval that holds at every look.",
                difference.of.label(),
                difference.to.label()
            )
        });
    }
    let intervals = report.differences.iter().filter(|difference| difference.sequential.is_some()).count();
    notes.inform(intervals > 1, || {
        format!(
            "There are {intervals} differences, each of whose intervals misses in {} % of experiments by itself; that \
             one of them does is likelier.",
            100.0 * report.alpha
        )
    });
}

fn about_models(notes: &mut Notes, compared: &Compared, report: &ExperimentReport) {
    for (model, scored) in &compared.left_out {
        notes.inform(report.clients > 0, || {
            format!("Model {model} is not compared: it scored {scored} clients at their first prediction, less than half \
                     of what another did.")
        });
    }
    notes.inform(compared.unscored > 0, || {
        format!(
            "{} clients were not scored by every model, and are in no comparison of models.",
            compared.unscored
        )
    });
    for on in &report.models {
        let name = match on.population {
            Population::Everyone => "everyone compared",
            Population::Holdout => "the holdout",
        };
        notes.inform(on.models.is_empty() && on.clients > 0, || {
            format!(
                "Too few to judge models on {name}: {} clients, {} of whom churned; it takes {LEAST_EVENTS} who churned \
                 and {LEAST_EVENTS} who stayed.",
                on.clients, on.churned
            )
        });
    }
}

fn about_value(notes: &mut Notes, report: &ExperimentReport) {
    let without: u64 =
        report.values.iter().filter(|value| value.name.model.is_none()).map(|v| v.without_ltv).sum();
    notes.inform(without > 0, || {
        format!("{without} of the clients compared have a lifetime value of 0, which is also told where it is unknown.")
    });
    notes.inform(report.models.iter().any(|on| on.models.iter().any(|model| model.contact_value.is_some())), || {
        format!(
            "A model's value assumes that a contact costs {} and keeps {} % of the lifetime value of whoever would have \
             left; the difference in value between treatments assumes the cost alone.",
            report.contact_cost,
            100.0 * report.kept_share
        )
    });
}
