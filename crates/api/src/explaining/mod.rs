//! Explanations of scores: made on threads of their own, few and with a short queue, so that however many
//! are asked for, predictions are not. Whom nobody may explain is refused here and nowhere else.

mod pool;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use bellwether_core::customer::Customer;
use bellwether_core::explain::{Explanation, Subject, explain};
use bellwether_core::model::ScoreError;
use bellwether_core::prediction::Snapshot;
use bellwether_core::treatment::{Assignment, Treatment, assign};
use bellwether_settings::Explain;
use bellwether_web::Problem;

use pool::{Pool, Refused};

/// Makes explanations. Dropping it ends its threads, after what they are at.
pub(crate) struct Explainer {
    pool: Pool,
    rounds: usize,
}

/// An explanation, and what it explains.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Explained {
    /// What the client gets: `model` or `heuristic`.
    pub treatment: Treatment,
    /// The bundle that answers; none for the heuristic.
    pub model: Option<String>,
    pub explanation: Explanation,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unexplained {
    #[error("held-out clients are never explained")]
    HeldOut,
    #[error("as many explanations as can wait are waiting")]
    Busy,
    #[error(transparent)]
    Score(#[from] ScoreError),
    #[error("explaining stopped before its end")]
    Stopped,
}

impl From<Unexplained> for Problem {
    fn from(error: Unexplained) -> Self {
        match error {
            Unexplained::HeldOut => Self::conflict(error.to_string()),
            Unexplained::Busy => Self::unavailable(error.to_string()),
            Unexplained::Score(error) => error.into(),
            Unexplained::Stopped => Self::internal(&error),
        }
    }
}

impl Explainer {
    /// Starts the threads.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub(crate) fn start(settings: &Explain) -> std::io::Result<Self> {
        Ok(Self { pool: Pool::start("explain", settings.threads, settings.queue)?, rounds: settings.rounds })
    }

    /// Explains what this client is answered. `id` is what it is drawn by: the client id, or the uid where
    /// there is none.
    ///
    /// # Errors
    /// [`Unexplained::HeldOut`] for a client who is held out, [`Unexplained::Busy`] at once where the queue is
    /// full, and what a model fails with.
    pub(crate) async fn explain(
        &self,
        snapshot: Arc<Snapshot>,
        customer: Customer,
        id: String,
    ) -> Result<Explained, Unexplained> {
        let assignment = assign(&snapshot.config.document, &id);
        if assignment.treatment == Treatment::Holdout {
            return Err(Unexplained::HeldOut);
        }
        let rounds = self.rounds;
        let begun = Instant::now();
        let explaining = self.pool.run(move || explain_assigned(&snapshot, &customer, assignment, rounds));
        let explained = match explaining.await {
            Ok(explained) => explained,
            Err(Refused::Full) => Err(Unexplained::Busy),
            Err(Refused::Stopped) => Err(Unexplained::Stopped),
        };
        observe(&explained, begun);
        explained
    }
}

fn explain_assigned(
    snapshot: &Snapshot,
    customer: &Customer,
    assignment: Assignment,
    rounds: usize,
) -> Result<Explained, Unexplained> {
    let subject = Subject::of(snapshot, assignment).ok_or(Unexplained::Stopped)?;
    let explanation = explain(&subject, customer, rounds, seed(&subject))?;
    Ok(Explained { treatment: assignment.treatment, model: subject.model().map(str::to_owned), explanation })
}

/// The seed belongs to the function, not to the customer: two customers, or one before and after a change,
/// are then explained by the same orders, and differ by what they are and not by chance.
fn seed(subject: &Subject<'_>) -> u64 {
    let head = subject.background_sha256().get(..16).unwrap_or_default();
    u64::from_str_radix(head, 16).unwrap_or_default()
}

fn observe(explained: &Result<Explained, Unexplained>, begun: Instant) {
    let outcome = match explained {
        Ok(_) => "explained",
        Err(Unexplained::Busy) => "refused",
        Err(_) => "failed",
    };
    metrics::counter!("bellwether_explanations_total", "outcome" => outcome).increment(1);
    if explained.is_ok() {
        metrics::histogram!("bellwether_explanation_seconds").record(begun.elapsed().as_secs_f64());
    }
}
