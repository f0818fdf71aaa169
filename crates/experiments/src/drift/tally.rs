//! What is counted of a day's rows, in memory that does not grow with them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bellwether_core::prediction::{LogRecord, Purpose};
use serde_json::Value;

use super::reservoir::Reservoir;
use super::{InputReference, Known, Reference, ShiftKind};

/// So many different unseen levels of an input are told apart; beyond, the count stands still.
const UNSEEN_LEVELS: usize = 1_000;

/// One model's rows of a day, counted.
#[derive(Debug, Clone)]
pub struct Tally {
    /// How many.
    pub rows: u64,
    pub(super) inputs: Vec<InputTally>,
    pub(super) score: InputTally,
}

/// One input's values, counted.
#[derive(Debug, Clone)]
pub(super) struct InputTally {
    /// Rows without a value.
    pub(super) missing: u64,
    /// Rows in each bin or of each level.
    pub(super) counts: Vec<u64>,
    /// Of a number: an even sample of its values.
    pub(super) sample: Reservoir,
    /// Rows with a level that training never saw.
    pub(super) unseen: u64,
    /// Hashes of those levels: their texts are clients' and are not kept.
    pub(super) unseen_levels: HashSet<u64>,
}

impl Tally {
    /// Of no rows yet.
    pub fn new(reference: &Reference) -> Self {
        Self {
            rows: 0,
            inputs: reference.inputs.iter().map(InputTally::new).collect(),
            score: InputTally::new(&reference.score),
        }
    }

    /// Counts a record, where it was answered for a client's sake and the model scored it; answers whether.
    pub fn add(&mut self, reference: &Reference, record: &LogRecord) -> bool {
        let score = record.scores.get(&reference.model).and_then(Value::as_f64);
        let Some(score) = score.filter(|score| score.is_finite() && counts(record)) else { return false };
        self.rows += 1;
        self.score.add_number(&reference.score, score);
        for (tally, input) in self.inputs.iter_mut().zip(&reference.inputs) {
            tally.add(input, record.input.get(&input.name));
        }
        true
    }
}

/// Whether a prediction was made for a client's sake: asked for, or looked up by a person.
fn counts(record: &LogRecord) -> bool {
    matches!(record.purpose, None | Some(Purpose::Lookup))
}

impl InputTally {
    fn new(reference: &InputReference) -> Self {
        let cells = match &reference.known {
            Known::Number { bins, .. } => bins.as_ref().map_or(0, |bins| bins.shares.len()),
            Known::Levels { shares, .. } => shares.len(),
        };
        Self {
            missing: 0,
            counts: vec![0; cells],
            sample: Reservoir::default(),
            unseen: 0,
            unseen_levels: HashSet::new(),
        }
    }

    fn add(&mut self, reference: &InputReference, given: Option<&Value>) {
        match (reference.kind, given) {
            (ShiftKind::Number | ShiftKind::Score, Some(Value::Number(number))) => match number.as_f64() {
                Some(number) if number.is_finite() => self.add_number(reference, number),
                _ => self.missing += 1,
            },
            (ShiftKind::Category, Some(Value::Number(number))) => {
                self.add_level(reference, &Cow::Owned(number.to_string()));
            }
            (ShiftKind::Category, Some(Value::String(level))) if !level.is_empty() => {
                self.add_level(reference, &Cow::Borrowed(level));
            }
            (ShiftKind::Date, Some(Value::String(date))) if date.len() >= 4 => {
                let year = date.get(..4).unwrap_or(date);
                self.add_level(reference, &Cow::Borrowed(year));
            }
            _ => self.missing += 1,
        }
    }

    fn add_number(&mut self, reference: &InputReference, number: f64) {
        let Known::Number { bins, .. } = &reference.known else { return };
        let bin = bins.as_ref().map(|bins| bins.bin(number));
        if let Some(count) = bin.and_then(|bin| self.counts.get_mut(bin)) {
            *count += 1;
        }
        self.sample.add(number);
    }

    fn add_level(&mut self, reference: &InputReference, level: &str) {
        let Known::Levels { at, .. } = &reference.known else { return };
        if let Some(count) = at.get(level).and_then(|at| self.counts.get_mut(*at)) {
            *count += 1;
            return;
        }
        self.unseen += 1;
        if self.unseen_levels.len() < UNSEEN_LEVELS {
            let mut hasher = DefaultHasher::new();
            level.hash(&mut hasher);
            self.unseen_levels.insert(hasher.finish());
        }
    }
}
