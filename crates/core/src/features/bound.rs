//! A pipeline whose inputs' positions are known: the part that runs for every prediction.

use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};

use super::encode::Encoder;
use super::{FeaturePipeline, Steps};
use crate::customer::{Customer, InputKind, InputSchema, InputValue};

const QUARTERS: [&str; 4] = ["q1", "q2", "q3", "q4"];

/// A raw input that a schema does not offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("input `{name}`: expected {want:?} in the schema, found {have:?}")]
pub struct UnboundInput {
    /// The input.
    pub name: String,
    /// The kind the model reads.
    pub want: InputKind,
    /// The kind the schema knows; `None` where it does not know the input.
    pub have: Option<InputKind>,
}

/// A [`FeaturePipeline`] bound to an [`InputSchema`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BoundPipeline {
    columns: usize,
    fingerprint: Arc<str>,
    /// For each of the pipeline's inputs, its position among a customer's values.
    positions: Arc<[usize]>,
    steps: Arc<Steps>,
}

impl BoundPipeline {
    pub(super) fn new(pipeline: &FeaturePipeline, schema: &InputSchema) -> Result<Self, UnboundInput> {
        let position = |(name, want): &(String, InputKind)| match schema.get(name) {
            Some((at, have)) if have == *want => Ok(at),
            found => Err(UnboundInput { name: name.clone(), want: *want, have: found.map(|(_, kind)| kind) }),
        };
        Ok(Self {
            columns: pipeline.columns,
            fingerprint: pipeline.fingerprint.as_str().into(),
            positions: pipeline.inputs.iter().map(position).collect::<Result<_, _>>()?,
            steps: Arc::new(pipeline.steps.clone()),
        })
    }

    /// F, the width of the model's input.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// SHA-256 of the feature spec, 64 hex digits: equal ones compute equal rows.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Computes the model's input for one customer into `row`, F columns. Allocates nothing and never
    /// panics: a value of the wrong kind counts as missing.
    ///
    /// `row` must have F columns; of a longer one the rest becomes 0, of a shorter one the columns that
    /// do not fit are left out (and a debug build asserts).
    pub fn transform(&self, customer: &Customer, row: &mut [f32]) {
        debug_assert_eq!(row.len(), self.columns, "a row has as many columns as the model");
        row.fill(0.0);
        let value = |input: usize| {
            let at = self.positions.get(input)?;
            customer.values.get(*at)
        };
        let number = |input: usize| match value(input) {
            Some(InputValue::Number(number)) => *number,
            _ => f64::NAN,
        };
        for numeric in &self.steps.numbers {
            set(row, Some(numeric.column), numeric.compute(number));
        }
        for category in &self.steps.categories {
            let level = match value(category.input) {
                Some(InputValue::Level(level)) => Some(level.as_ref()),
                _ => None,
            };
            set(row, category.encoder.column_of(level), 1.0);
        }
        for date in &self.steps.dates {
            let day = match value(date.input) {
                Some(InputValue::Date(day)) => Some(*day),
                _ => None,
            };
            set(row, quarter_column(&date.quarter, day), 1.0);
            set(row, year_column(&date.year, day), 1.0);
        }
    }
}

fn set(row: &mut [f32], column: Option<usize>, value: f32) {
    if let Some(cell) = column.and_then(|column| row.get_mut(column)) {
        *cell = value;
    }
}

fn quarter_column(encoder: &Encoder, day: Option<NaiveDate>) -> Option<usize> {
    encoder.column_of(day.and_then(|day| QUARTERS.get(day.month0() as usize / 3).copied()))
}

fn year_column(encoder: &Encoder, day: Option<NaiveDate>) -> Option<usize> {
    let Some(day) = day else {
        return encoder.column_of(None);
    };
    let mut digits = [0; 4];
    encoder.column_of(Some(four_digits(day.year(), &mut digits).unwrap_or("no four digits")))
}

/// A year's four digits as text, without allocating; `None` outside 0 … 9999.
fn four_digits(year: i32, digits: &mut [u8; 4]) -> Option<&str> {
    let mut rest = u16::try_from(year).ok().filter(|year| *year <= 9999)?;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10).to_le_bytes()[0];
        rest /= 10;
    }
    std::str::from_utf8(digits).ok()
}
