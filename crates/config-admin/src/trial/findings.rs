//! What is wrong, one sentence each, bounded: a check that fails a thousand times says so twenty times, and an api
//! that answers with a book is quoted with a line.

use bellwether_core::change::{Check, CheckName};

const MOST: usize = 20;
/// The most characters of one.
const LENGTH: usize = 300;

/// Findings of one check.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    told: Vec<String>,
    untold: u64,
}

impl Findings {
    /// Notes one. No client's data: a finding may be read by whoever may look at the console.
    pub(super) fn note(&mut self, finding: impl Into<String>) {
        if self.told.len() < MOST { self.told.push(plain(&finding.into())) } else { self.untold += 1 }
    }

    /// The check: passed where nothing was found.
    pub(super) fn into_check(mut self, name: CheckName, summary: impl Into<String>) -> Check {
        if self.untold > 0 {
            // The last makes room for the count, so that the bound holds.
            self.told.pop();
            self.told.push(format!("and {} more", self.untold + 1));
        }
        Check { name, passed: self.told.is_empty(), summary: summary.into(), findings: self.told }
    }
}

/// A finding without control characters, shortened where it is too long.
fn plain(finding: &str) -> String {
    let mut characters = finding.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut plain: String = characters.by_ref().take(LENGTH).collect();
    if characters.next().is_some() {
        plain.pop();
        plain.push('…');
    }
    plain
}

/// A check that could not run.
pub(super) fn not_run(name: CheckName, reason: impl Into<String>) -> Check {
    let mut findings = Findings::default();
    findings.note(reason);
    findings.into_check(name, "not run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_short_line() {
        let mut findings = Findings::default();
        findings.note("a\u{1b}[31m\nb");
        findings.note("ü".repeat(300));
        findings.note("ü".repeat(301));
        let check = findings.into_check(CheckName::Golden, "three");
        assert_eq!(check.findings[0], "a [31m b");
        assert_eq!(check.findings[1], "ü".repeat(300));
        assert_eq!(check.findings[2], "ü".repeat(299) + "…");
    }

    #[test]
    fn twenty_findings_are_told_and_the_rest_counted() {
        let mut findings = Findings::default();
        for at in 0..1_000 {
            findings.note(format!("row {at}"));
        }
        let check = findings.into_check(CheckName::Golden, "1,000 rows");
        assert!(!check.passed);
        assert_eq!(check.findings.len(), 20);
        assert_eq!(check.findings[18], "row 18");
        assert_eq!(check.findings[19], "and 981 more");
        assert!(Findings::default().into_check(CheckName::Golden, "none").passed);
    }
}
