//! Whether `high_risk` follows from the cutoff, in every answer of the trial.

use bellwether_core::change::{Check, CheckName};

use crate::trial::case::Case;

/// What was found in the answers so far. No answer at all proves nothing.
pub(in crate::trial) fn cutoff(case: &Case<'_>) -> Check {
    let (answers, mut findings) = case.cutoff();
    if answers == 0 {
        findings.note("staging's api gave no answer that could be held against the cutoff");
    }
    let cutoff = case.document.proba_cutoff;
    findings.into_check(CheckName::Cutoff, format!("{answers} answers were held against the cutoff {cutoff}"))
}
