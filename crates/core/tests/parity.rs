//! Rust against scikit-learn on ten thousand fresh clients and every family: from the raw request to
//! the probability. This is the proof that what was trained is what is served.
//!
//! `BELLWETHER_PARITY_DIR` names a folder made by `python -m bellwether_training parity-set`; without
//! it, the Python of `scripts/install-test-tools` (or of `BELLWETHER_PYTHON`) makes one here, once for each state of the training code.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bellwether_core::bundle::Bundle;
use bellwether_core::customer::{Customer, InputSchema};
use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};

const ROWS: &str = "10000";
const TOLERANCE: f64 = 1e-5;
const FAMILIES: usize = 6;

#[test]
fn every_family_scores_fresh_clients_as_scikit_learn_does() {
    let dir = parity_set();
    let clients = fs::read_to_string(dir.join("clients.ndjson")).unwrap();
    let bundles = bundles(&dir);
    assert!(bundles.len() >= FAMILIES, "{} holds {} bundles only", dir.display(), bundles.len());
    let mut far = Vec::new();
    for folder in bundles {
        let bundle = Bundle::load(&folder).unwrap_or_else(|error| panic!("{error}"));
        let expected = probabilities(&dir, bundle.uid());
        let (worst, row) = worst(&bundle, &clients, &expected);
        println!(
            "{}: {} clients, largest difference {worst:.1e}, at row {row}",
            bundle.uid(),
            expected.len()
        );
        if worst > TOLERANCE {
            far.push(format!("{}: {worst:.1e} at row {row}", bundle.uid()));
        }
    }
    assert!(far.is_empty(), "over {TOLERANCE}: {}", far.join("; "));
}

/// The largest difference from what is expected, and its row.
fn worst(bundle: &Bundle, clients: &str, expected: &[f64]) -> (f64, usize) {
    let mut schema = InputSchema::default();
    bundle.pipeline().declare(&mut schema).unwrap();
    let pipeline = bundle.pipeline().bind(&schema).unwrap();
    let mut rows = vec![0.0; expected.len() * pipeline.columns()];
    assert_eq!(clients.lines().count(), expected.len());
    for (line, row) in clients.lines().zip(rows.chunks_exact_mut(pipeline.columns())) {
        let customer = Customer::parse(line.as_bytes(), &schema, NaiveDate::MAX);
        pipeline.transform(&customer.unwrap_or_else(|error| panic!("{error}: {line}")), row);
    }
    let got = bundle.scorer().score(&rows).unwrap();
    for (row, got) in rows.chunks_exact(pipeline.columns()).zip(&got).step_by(17) {
        let alone = bundle.scorer().score_one(row).unwrap();
        assert_eq!(alone.to_bits(), got.to_bits(), "{}: alone {alone}, in a batch {got}", bundle.uid());
    }
    let differences = got.iter().zip(expected).map(|(&got, expected)| (f64::from(got) - expected).abs());
    let worst = differences.enumerate().map(|(row, difference)| (difference, row));
    worst.fold((0.0, 0), |worst, next| if next.0 > worst.0 { next } else { worst })
}

fn bundles(dir: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn probabilities(dir: &Path, uid: &str) -> Vec<f64> {
    let text = fs::read(dir.join(format!("{uid}.probabilities.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn parity_set() -> PathBuf {
    if let Some(dir) = std::env::var_os("BELLWETHER_PARITY_DIR") {
        return dir.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = std::env::var_os("BELLWETHER_PYTHON")
        .map_or_else(|| root.join(".venv/training/bin/python"), PathBuf::from);
    assert!(python.is_file(), "{} is missing: run scripts/install-test-tools", python.display());
    let training = root.join("training");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("parity-{}", state_of(&training)));
    if !dir.is_dir() {
        let unfinished = dir.with_extension("unfinished");
        let _ = fs::remove_dir_all(&unfinished);
        let mut make = Command::new(python);
        make.args(["-m", "bellwether_training", "parity-set", "--rows", ROWS, "--out"]).arg(&unfinished);
        make.env("PYTHONPATH", training.join("src"));
        assert!(make.status().unwrap().success(), "parity-set failed; what it says stands above");
        fs::rename(unfinished, &dir).unwrap();
    }
    dir
}

/// A name for the training code as it stands: other code, other set.
fn state_of(training: &Path) -> String {
    let mut files = vec![training.join("requirements.txt")];
    let mut folders = vec![training.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "py" => files.push(path),
                _ => (),
            }
        }
    }
    files.sort();
    let mut state = Sha256::new();
    for file in files {
        state.update(fs::read(file).unwrap());
    }
    let state = format!("{:x}", state.finalize());
    state[..12].to_owned()
}
