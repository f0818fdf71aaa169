//! What a manifest's values must satisfy, on their own and together. Columns and levels are checked
//! where features are compiled.

use std::collections::BTreeMap;

use super::error::FieldFault;
use super::files::is_plain_name;
use super::manifest::{Feature, InputStatistics, Manifest, Metrics, OnnxFile, Statistics};

const MIN_PARITY_ROWS: usize = 50;
const BACKGROUND_ROWS: usize = 100;
const QUANTILES: usize = 101;
const MAX_NAME_CHARS: usize = 120;
/// The widest input that is taken: more could not come from 16 MiB of manifest.
const MAX_COLUMNS: usize = 1 << 20;

/// Checks everything in the manifest but its features' columns.
pub(super) fn check(manifest: &Manifest, folder_name: &str) -> Result<(), FieldFault> {
    check_names(manifest, folder_name)?;
    check_onnx(&manifest.onnx)?;
    if !(1..=MAX_COLUMNS).contains(&manifest.columns) {
        return Err(FieldFault::new("columns", "1 to 1048576", manifest.columns.to_string()));
    }
    check_statistics(&manifest.statistics, &manifest.features)?;
    check_metrics(&manifest.metrics)?;
    check_rows(manifest)
}

fn check_names(manifest: &Manifest, folder_name: &str) -> Result<(), FieldFault> {
    let uid = &manifest.uid;
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if !(1..=64).contains(&uid.len()) || !uid.bytes().all(plain) {
        return Err(FieldFault::new("uid", "[a-z0-9_]{1,64}", format!("{uid:?}")));
    }
    if uid != folder_name {
        let expected = format!("the folder's name, {folder_name:?}");
        return Err(FieldFault::new("uid", expected, format!("{uid:?}")));
    }
    let characters = manifest.name.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&characters) {
        return Err(FieldFault::new("name", "1 to 120 characters", format!("{characters}")));
    }
    Ok(())
}

fn check_onnx(onnx: &OnnxFile) -> Result<(), FieldFault> {
    if !is_plain_name(&onnx.file) {
        let expected = "the plain name of a file in the bundle's folder";
        return Err(FieldFault::new("onnx.file", expected, format!("{:?}", onnx.file)));
    }
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if onnx.sha256.len() != 64 || !onnx.sha256.bytes().all(hex) {
        return Err(FieldFault::new("onnx.sha256", "64 lower-case hex digits", format!("{:?}", onnx.sha256)));
    }
    Ok(())
}

fn check_statistics(statistics: &Statistics, features: &[Feature]) -> Result<(), FieldFault> {
    check_quantiles("statistics.score.quantiles", &statistics.score.quantiles)?;
    let inputs: BTreeMap<&str, bool> = features.iter().filter_map(input).collect();
    for (name, &is_number) in &inputs {
        let field = format!("statistics.features.{name}");
        let Some(entry) = statistics.features.get(*name) else {
            return Err(FieldFault::new(field, "an entry for every raw input", "none"));
        };
        check_input(&field, entry, is_number)?;
    }
    match statistics.features.keys().find(|name| !inputs.contains_key(name.as_str())) {
        Some(name) => Err(FieldFault::new(
            format!("statistics.features.{name}"),
            "only raw inputs of `features`",
            "a name that is none",
        )),
        None => Ok(()),
    }
}

/// A feature's raw input and whether it is a number; a ratio has none of its own.
fn input(feature: &Feature) -> Option<(&str, bool)> {
    match feature {
        Feature::Numeric(numeric) => Some((&numeric.name, true)),
        Feature::Ratio(_) => None,
        Feature::Categorical(categorical) => Some((&categorical.name, false)),
        Feature::Date(date) => Some((&date.name, false)),
    }
}

fn check_input(field: &str, entry: &InputStatistics, is_number: bool) -> Result<(), FieldFault> {
    check_share(&format!("{field}.missing_rate"), entry.missing_rate)?;
    match (&entry.quantiles, &entry.shares) {
        (Some(quantiles), None) if is_number => check_quantiles(&format!("{field}.quantiles"), quantiles),
        (None, Some(shares)) if !is_number => shares
            .iter()
            .try_for_each(|(level, &share)| check_share(&format!("{field}.shares.{level}"), share)),
        _ if is_number => Err(FieldFault::new(field, "`quantiles` and no `shares`", "otherwise")),
        _ => Err(FieldFault::new(field, "`shares` and no `quantiles`", "otherwise")),
    }
}

fn check_share(field: &str, share: f64) -> Result<(), FieldFault> {
    if (0.0..=1.0).contains(&share) {
        return Ok(());
    }
    Err(FieldFault::new(field, "0 to 1", share.to_string()))
}

fn check_quantiles(field: &str, quantiles: &[f64]) -> Result<(), FieldFault> {
    if quantiles.len() != QUANTILES {
        return Err(FieldFault::new(field, "101 numbers", quantiles.len().to_string()));
    }
    if !quantiles.is_sorted() {
        return Err(FieldFault::new(field, "ascending numbers", "a smaller one after a larger"));
    }
    Ok(())
}

fn check_metrics(metrics: &Metrics) -> Result<(), FieldFault> {
    check_share("metrics.roc_auc", metrics.roc_auc)?;
    check_share("metrics.cutoff", metrics.cutoff)
}

fn check_rows(manifest: &Manifest) -> Result<(), FieldFault> {
    let rows = manifest.parity.len();
    if rows < MIN_PARITY_ROWS {
        return Err(FieldFault::new("parity", "at least 50 rows", rows.to_string()));
    }
    for (row, parity) in manifest.parity.iter().enumerate() {
        check_share(&format!("parity[{row}].probability"), parity.probability)?;
    }
    let rows = manifest.background.len();
    if rows != BACKGROUND_ROWS {
        return Err(FieldFault::new("background", "100 requests", rows.to_string()));
    }
    Ok(())
}
