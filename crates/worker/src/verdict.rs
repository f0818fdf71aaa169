//! What a delivery came to, and what that means for its job.

use bellwether_mail::{Address, Outcome, SendError};
use bellwether_store::EmailJob;

/// What a delivery came to.
pub(crate) enum Verdict {
    /// Everyone has it.
    Sent,
    /// Try again.
    Retry(Failure),
    /// Never try again.
    Park(Failure),
    /// Not begun, and not to be begun: the worker stops.
    Stopped { why: Option<String> },
    /// Written by a newer build.
    Newer { why: String },
}

/// Why a delivery failed, and who has the email all the same.
pub(crate) struct Failure {
    pub(crate) why: String,
    pub(crate) delivered: Vec<String>,
    pub(crate) crashed: bool,
}

impl Failure {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), delivered: Vec::new(), crashed: false }
    }

    pub(crate) fn with(mut self, job: &EmailJob, delivered: &[Address]) -> Self {
        self.delivered.clone_from(&job.delivered);
        self.delivered.extend(delivered.iter().map(ToString::to_string));
        self
    }
}

/// What the server's answer means for the job: whoever has it is noted, whoever was put off is tried again
/// first, and only then are those who were refused a reason to park.
pub(crate) fn judge(job: &EmailJob, result: Result<Outcome, SendError>) -> Verdict {
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error @ SendError::Permanent(_)) => {
            return Verdict::Park(Failure::new(error.to_string()).with(job, &[]));
        }
        Err(error) => return Verdict::Retry(Failure::new(error.to_string()).with(job, &[])),
    };
    let words = |refusals: &[(Address, String)]| {
        let each: Vec<String> = refusals.iter().map(|(address, said)| format!("{address}: {said}")).collect();
        each.join("; ")
    };
    let Outcome { delivered, deferred, refused } = outcome;
    if !deferred.is_empty() {
        let failure = Failure::new(format!("not taken for now: {}", words(&deferred)));
        Verdict::Retry(failure.with(job, &delivered))
    } else if refused.is_empty() {
        Verdict::Sent
    } else {
        let failure = Failure::new(format!("refused: {}", words(&refused)));
        Verdict::Park(failure.with(job, &delivered))
    }
}
