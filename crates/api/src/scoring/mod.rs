//! What scores a request: the model that answers a client does so at once, where the request is; every other arm
//! and shadow on its own lane, where it can delay nobody for long and harm nobody at all.

mod lane;

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::customer::Customer;
use bellwether_core::model::ScoreError;
use bellwether_core::prediction::{CutOff, Decision, Snapshot};
use bellwether_core::treatment::{Assignment, Treatment, assign};
use tokio::time::Instant;

use lane::{Lane, Waiting};

/// A snapshot with what it takes to serve it: a lane for each model. Everything ends when it is dropped.
pub(crate) struct Served {
    snapshot: Arc<Snapshot>,
    /// As [`Snapshot::models`].
    lanes: Vec<Lane>,
}

/// Some customers whose answering models have scored; the others may still be at it.
pub(crate) struct UnderWay {
    assignments: Vec<Assignment>,
    /// By model, then by customer.
    scores: Vec<Vec<Result<f64, CutOff>>>,
    awaited: Vec<Awaited>,
}

/// What one model owes.
struct Awaited {
    model: usize,
    /// Positions of the customers it scores.
    customers: Vec<usize>,
    call: Result<Waiting, CutOff>,
}

impl Served {
    /// Begins the lanes of a snapshot.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn begin(snapshot: Snapshot) -> std::io::Result<Self> {
        let lanes = snapshot.models.iter().map(|live| Lane::begin(live.bundle.uid(), &live.bundle));
        Ok(Self { lanes: lanes.collect::<Result<_, _>>()?, snapshot: Arc::new(snapshot) })
    }

    /// The same with other scorers in the lanes.
    #[cfg(test)]
    fn with<S: lane::Scores + 'static>(snapshot: Snapshot, scorers: &[Arc<S>]) -> Self {
        let lanes = snapshot.models.iter().zip(scorers);
        let lanes = lanes.map(|(live, scorer)| Lane::begin(live.bundle.uid(), scorer).unwrap());
        Self { lanes: lanes.collect(), snapshot: Arc::new(snapshot) }
    }

    /// The config version and its models.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.clone()
    }

    /// Sends customers to the lanes, and scores those whom a model answers by that model. Each model's rows of
    /// one kind are scored together. `ids` are what each is drawn by. It blocks for as long as that takes.
    ///
    /// # Errors
    /// Where an answering model fails: nobody is answered then.
    pub(crate) fn score(&self, customers: &[&Customer], ids: &[&str]) -> Result<UnderWay, ScoreError> {
        let config = &self.snapshot.config.document;
        let assignments: Vec<_> = ids.iter().map(|id| assign(config, id)).collect();
        let rows = self.snapshot.rows(customers);
        // Of those who were never sent anywhere nobody is told: each is overwritten below.
        let mut scores = vec![vec![Err(CutOff::Busy); customers.len()]; self.models.len()];
        let mut awaited = Vec::new();
        for (model, lane) in self.lanes.iter().enumerate() {
            let customers = positions(&assignments, |assigned| answering(assigned) != Some(model));
            if !customers.is_empty() {
                let rows = self.rows_of(model, &rows, &customers).into_owned();
                let call = lane.send(rows, customers.len());
                awaited.push(Awaited { model, customers, call });
            }
        }
        for (model, scores) in scores.iter_mut().enumerate() {
            let customers = positions(&assignments, |assigned| answering(assigned) == Some(model));
            if !customers.is_empty() {
                let rows = self.rows_of(model, &rows, &customers);
                fill(scores, &customers, &self.models[model].bundle.scorer().score(&rows)?);
            }
        }
        Ok(UnderWay { assignments, scores, awaited })
    }

    /// Waits for the lanes, for so long at most, and decides about the customers that were scored.
    pub(crate) async fn decide(
        &self,
        under_way: UnderWay,
        customers: &[&Customer],
        patience: Duration,
    ) -> Vec<Decision> {
        let UnderWay { assignments, mut scores, awaited } = under_way;
        let deadline = Instant::now() + patience;
        for Awaited { model, customers, call } in awaited {
            let scored = match call {
                Ok(waiting) => waiting.until(deadline).await,
                Err(cut_off) => Err(cut_off),
            };
            match scored {
                Ok(probabilities) => fill(&mut scores[model], &customers, &probabilities),
                Err(cut_off) => {
                    self.count(model, cut_off, customers.len());
                    for at in customers {
                        scores[model][at] = Err(cut_off);
                    }
                }
            }
        }
        let decided = customers.iter().zip(assignments).enumerate().map(|(at, (customer, assignment))| {
            let scores = scores.iter().map(|of_model| of_model[at]).collect();
            self.snapshot.decision(customer, assignment, scores)
        });
        decided.collect()
    }

    /// A model's rows of these customers, out of all that were computed.
    fn rows_of<'a>(&self, model: usize, rows: &'a [Vec<f32>], customers: &[usize]) -> Cow<'a, [f32]> {
        let live = &self.models[model];
        let (rows, columns) = (&rows[live.row], live.bundle.scorer().columns());
        if customers.len() * columns == rows.len() {
            return Cow::Borrowed(rows);
        }
        let row = |&at: &usize| &rows[at * columns..(at + 1) * columns];
        customers.iter().flat_map(row).copied().collect()
    }

    fn count(&self, model: usize, cut_off: CutOff, customers: usize) {
        let model = self.uid(model).to_owned();
        metrics::counter!("bellwether_scores_cut_off_total", "model" => model, "reason" => cut_off.as_str())
            .increment(customers as u64);
    }
}

impl Deref for Served {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

/// Which model a client waits for, if one.
fn answering(assignment: &Assignment) -> Option<usize> {
    (assignment.treatment == Treatment::Model).then_some(assignment.arm)
}

fn positions(assignments: &[Assignment], is_one: impl Fn(&Assignment) -> bool) -> Vec<usize> {
    let found = assignments.iter().enumerate().filter(|(_, assignment)| is_one(assignment));
    found.map(|(at, _)| at).collect()
}

fn fill(scores: &mut [Result<f64, CutOff>], customers: &[usize], probabilities: &[f32]) {
    for (&at, &probability) in customers.iter().zip(probabilities) {
        scores[at] = Ok(f64::from(probability));
    }
}

#[cfg(test)]
mod tests;
