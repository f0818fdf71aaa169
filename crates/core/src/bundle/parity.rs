//! The proof that training and serving agree: every parity row is parsed, transformed and scored as a
//! request would be. Scoring is warm afterwards. The background's rows are read on the way.

use std::path::Path;

use chrono::NaiveDate;

use super::error::FieldFault;
use super::manifest::ParityRow;
use super::{BundleError, Manifest};
use crate::customer::{Customer, InputSchema, InputValue, InvalidCustomer};
use crate::features::{BoundPipeline, FeaturePipeline};
use crate::model::Scorer;

/// The largest difference between training's probability of a parity row and ours.
pub const PARITY_TOLERANCE: f64 = 1e-5;

/// Checks the rows, and answers the background's, whose values stand in the pipeline's order of inputs.
pub(super) fn check(
    manifest: &Manifest,
    pipeline: &FeaturePipeline,
    scorer: &Scorer,
    path: &Path,
) -> Result<Vec<Customer>, BundleError> {
    let mut schema = InputSchema::default();
    pipeline.declare(&mut schema).map_err(|conflict| fault(path, "features", &conflict))?;
    let bound = pipeline.bind(&schema).map_err(|unbound| fault(path, "features", &unbound))?;
    let inputs = manifest.background.iter().enumerate();
    let background = inputs.map(|(at, input)| {
        parse(input.get(), &schema).map_err(|error| fault(path, &format!("background[{at}]"), &told(&error)))
    });
    let background = background.collect::<Result<_, _>>()?;
    let rows = rows(&manifest.parity, &bound, &schema, path)?;
    let graph = |error: &dyn std::fmt::Display| fault(path, "parity", error);
    let probabilities = scorer.score(&rows).map_err(|error| graph(&error))?;
    for (row, (parity, &got)) in manifest.parity.iter().zip(&probabilities).enumerate() {
        let (expected, path) = (parity.probability, path.to_owned());
        let near = (f64::from(got) - expected).abs() <= PARITY_TOLERANCE;
        if !near {
            return Err(BundleError::Parity { path, row, expected, got, tolerance: PARITY_TOLERANCE });
        }
    }
    for row in rows.chunks_exact(bound.columns()) {
        scorer.score_one(row).map_err(|error| graph(&error))?;
    }
    Ok(background)
}

/// The model's input for each parity row, row by row.
fn rows(
    parity: &[ParityRow],
    bound: &BoundPipeline,
    schema: &InputSchema,
    path: &Path,
) -> Result<Vec<f32>, BundleError> {
    let mut rows = vec![0.0; parity.len() * bound.columns()];
    for (at, (parity, row)) in parity.iter().zip(rows.chunks_exact_mut(bound.columns())).enumerate() {
        let customer = parse(parity.input.get(), schema)
            .map_err(|error| fault(path, &format!("parity[{at}].input"), &told(&error)))?;
        bound.transform(&customer, row);
    }
    Ok(rows)
}

/// A raw request, whatever its dates: training's may lie after this machine's clock.
fn parse(input: &str, schema: &InputSchema) -> Result<Customer, InvalidCustomer> {
    let is_space = |char: char| char.is_ascii_whitespace();
    if input.split(is_space).collect::<String>() == "{}" {
        // No request may be that empty, but training scores a client of whom nothing is known.
        let values = vec![InputValue::Missing; schema.len()];
        return Ok(Customer { values, ..Customer::default() });
    }
    Customer::parse(input.as_bytes(), schema, NaiveDate::MAX)
}

fn told(error: &InvalidCustomer) -> String {
    match error {
        InvalidCustomer::Fields(faults) => faults
            .iter()
            .map(|fault| format!("`{}` {}", fault.field, fault.message))
            .collect::<Vec<_>>()
            .join("; "),
        InvalidCustomer::NotJson(_) => error.to_string(),
    }
}

fn fault(path: &Path, field: &str, found: &dyn std::fmt::Display) -> BundleError {
    let expected = "what the manifest's features take";
    FieldFault::new(field, expected, found.to_string()).within(path.to_owned())
}
