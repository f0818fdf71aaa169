//! Whether treatments and arms get the shares that the document says, over a million ids.

use bellwether_core::change::{Check, CheckName};
use bellwether_core::config::ConfigDocument;
use bellwether_core::treatment::{Treatment, assign};

use crate::trial::case::Case;
use crate::trial::findings::{Findings, not_run};
use crate::trial::ids;

const IDS: u64 = 1_000_000;
/// How far a share may be off, in percentage points: four times what chance alone makes of a share of one half.
const MAX_OFF: f64 = 0.2;

/// Draws all ids on a thread of its own.
pub(in crate::trial) async fn shares(case: &Case<'_>) -> Check {
    case.begin(CheckName::Shares, 0);
    let document = case.document.clone();
    match tokio::task::spawn_blocking(move || counted(&document)).await {
        Ok(counts) => judged(case.document, &counts),
        Err(error) => not_run(CheckName::Shares, format!("the ids could not be drawn: {error}")),
    }
}

/// How many ids got what.
struct Counts {
    /// Holdout, heuristic, model.
    treatments: [u64; 3],
    /// By position in the document's `arms`; counted for everybody, since the draw does not ask for the treatment.
    arms: Vec<u64>,
}

fn counted(document: &ConfigDocument) -> Counts {
    let mut counts = Counts { treatments: [0; 3], arms: vec![0; document.arms.len()] };
    for id in (0..IDS).map(ids::id) {
        let assignment = assign(document, &id);
        let treatment = match assignment.treatment {
            Treatment::Holdout => 0,
            Treatment::Heuristic => 1,
            Treatment::Model => 2,
        };
        counts.treatments[treatment] += 1;
        counts.arms[assignment.arm] += 1;
    }
    counts
}

fn judged(document: &ConfigDocument, counts: &Counts) -> Check {
    let mut findings = Findings::default();
    let mut told = Vec::new();
    let mut judge = |name: String, buckets: u16, count: u64| {
        let (share, wanted) = (count as f64 * 100.0 / IDS as f64, f64::from(buckets) / 100.0);
        told.push(format!("{name} {share:.2}"));
        if (share - wanted).abs() > MAX_OFF {
            findings.note(format!("{name} gets {share:.2} percent, expected {wanted}"));
        }
    };
    let treatments = ["holdout", "heuristic", "model"].into_iter().zip(ids::shares(document));
    for ((name, buckets), count) in treatments.zip(counts.treatments) {
        judge(name.to_owned(), buckets, count);
    }
    for (arm, count) in document.arms.iter().zip(&counts.arms) {
        judge(format!("arm {}", arm.model), arm.percentage.buckets(), *count);
    }
    let summary = format!("percent of 1,000,000 ids: {}", told.join(", "));
    findings.into_check(CheckName::Shares, summary)
}

#[cfg(test)]
mod tests {
    use bellwether_core::config::{Arm, Percentage};

    use super::*;

    fn document() -> ConfigDocument {
        let share = |percent: f64| Percentage::try_from(percent).unwrap();
        let mut document = ConfigDocument::initial("a");
        document.arms = vec![
            Arm { model: "a".to_owned(), percentage: share(70.0) },
            Arm { model: "b".to_owned(), percentage: share(30.0) },
        ];
        document.holdout_percentage = share(5.0);
        document.heuristic_percentage = share(10.0);
        document
    }

    #[test]
    fn a_million_ids_are_drawn_as_the_document_says() {
        let document = document();
        let counts = counted(&document);
        assert_eq!(counts.treatments.iter().sum::<u64>(), IDS);
        let check = judged(&document, &counts);
        assert!(check.passed, "{check:?}");
    }

    #[test]
    fn a_share_that_is_off_by_more_than_chance_is_found() {
        let document = document();
        let mut counts = counted(&document);
        counts.treatments[0] += 3_000;
        counts.arms[1] -= 3_000;
        let check = judged(&document, &counts);
        assert!(!check.passed);
        assert_eq!(check.findings.len(), 2, "{check:?}");
        assert!(check.findings[0].starts_with("holdout gets 5."), "{check:?}");
        assert!(check.findings[1].starts_with("arm b gets 29."), "{check:?}");
    }
}
