//! Whom a change of config moves: clients of a running experiment that would get something else than they do now.

use serde::{Deserialize, Serialize};

use crate::config::ConfigDocument;
use crate::treatment::{BUCKETS, Treatment, arm_at, treatment_at};

/// What a change does to a running experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reassignment {
    /// Share of clients, 0 to 1, who get another treatment or, where both times a model answers, another model.
    pub moved: f64,
    /// Whether every client is drawn anew.
    pub salt_changed: bool,
    /// Models whose share among the arms shrinks, or that have none any more.
    pub shrunk: Vec<String>,
}

impl Reassignment {
    /// Whether whoever wants the change has to say once more that they do.
    pub fn asks(&self) -> bool {
        self.moved > 0.0
    }
}

/// Whom the step from one document to the other moves: exact while the salt stays, since a client's draws then
/// stay too; what is to be expected of a new one, whose draws have nothing to do with those before.
pub fn reassignment(before: &ConfigDocument, after: &ConfigDocument) -> Reassignment {
    let salt_changed = before.experiment_salt != after.experiment_salt;
    let moved = if salt_changed { moved_anew(before, after) } else { moved_within(before, after) };
    let shrunk = before.arms.iter().filter(|arm| share(after, &arm.model) < arm.percentage.buckets());
    Reassignment { moved, salt_changed, shrunk: shrunk.map(|arm| arm.model.clone()).collect() }
}

/// Buckets of one draw.
const ONE: u64 = BUCKETS as u64;

/// The salt stays: the draws `treatment` and `arm` are independent of each other, and both documents read the same.
fn moved_within(before: &ConfigDocument, after: &ConfigDocument) -> f64 {
    let (mut treated_otherwise, mut model_twice, mut another_model) = (0, 0, 0);
    for bucket in 0..BUCKETS {
        let treatments = (treatment_at(before, bucket), treatment_at(after, bucket));
        treated_otherwise += u64::from(treatments.0 != treatments.1);
        model_twice += u64::from(treatments == (Treatment::Model, Treatment::Model));
        another_model += u64::from(model_at(before, bucket) != model_at(after, bucket));
    }
    (treated_otherwise * ONE + model_twice * another_model) as f64 / (ONE * ONE) as f64
}

/// The salt changes: a client stays where it was only by chance.
fn moved_anew(before: &ConfigDocument, after: &ConfigDocument) -> f64 {
    let treated = |document: &ConfigDocument| {
        let (mut holdout, mut heuristic, mut model) = (0, 0, 0);
        for bucket in 0..BUCKETS {
            match treatment_at(document, bucket) {
                Treatment::Holdout => holdout += 1,
                Treatment::Heuristic => heuristic += 1,
                Treatment::Model => model += 1,
            }
        }
        [holdout, heuristic, model]
    };
    let [first, second] = [treated(before), treated(after)];
    let same_model: u64 = before
        .arms
        .iter()
        .map(|arm| u64::from(arm.percentage.buckets()) * u64::from(share(after, &arm.model)))
        .sum();
    let without_model: u64 = first[0] * second[0] + first[1] * second[1];
    let stay = without_model * ONE * ONE + first[2] * second[2] * same_model;
    let all = ONE.pow(4);
    (all - stay) as f64 / all as f64
}

/// The model that answers those whose draw `arm` fell into this bucket.
fn model_at(document: &ConfigDocument, bucket: u16) -> Option<&str> {
    document.arms.get(arm_at(document, bucket)).map(|arm| arm.model.as_str())
}

/// A model's share among the arms, in buckets.
fn share(document: &ConfigDocument, model: &str) -> u16 {
    document.arms.iter().find(|arm| arm.model == model).map_or(0, |arm| arm.percentage.buckets())
}

#[cfg(test)]
#[path = "reassignment_tests.rs"]
mod tests;
