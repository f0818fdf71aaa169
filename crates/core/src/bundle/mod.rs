//! A bundle on disk: its manifest, its files, and the checks it must pass before it may serve. What
//! `docs/bundle.md` lists under "What loading checks" is done here, in that order.

mod checks;
mod error;
mod files;
mod folder;
mod loader;
pub mod manifest;
mod parity;

pub use error::BundleError;
pub use folder::{About, Bundles, Known, Look, ModelFolder};
pub use manifest::{Feature, Manifest};
pub use parity::PARITY_TOLERANCE;

pub(crate) use error::FieldFault;

use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::customer::Customer;
use crate::features::FeaturePipeline;
use crate::model::Scorer;

const MANIFEST_FILE: &str = "manifest.json";

/// A verified model, ready to serve. Immutable; share it behind an `Arc`.
#[derive(Debug)]
pub struct Bundle {
    manifest: Manifest,
    sha256: String,
    pipeline: FeaturePipeline,
    scorer: Scorer,
    background: Vec<Customer>,
}

/// The version alone, read before anything else is asked of a manifest.
#[derive(serde::Deserialize)]
struct Versioned {
    format: serde_json::Value,
}

impl Bundle {
    /// Loads and verifies the bundle in folder `dir`, and warms its scoring: sizes before anything is
    /// read, the manifest's format and every value in it, the graph's hash and ends, and every parity row.
    ///
    /// Blocks for some tenths of a second.
    ///
    /// # Errors
    /// [`BundleError`], naming the file, the field and what was expected.
    pub fn load(dir: &Path) -> Result<Self, BundleError> {
        let (folder, folder_name) = files::folder(dir)?;
        let manifest_path = dir.join(MANIFEST_FILE);
        let fault = |fault: FieldFault| fault.within(manifest_path.clone());
        let document = files::read(&folder, MANIFEST_FILE, files::MAX_MANIFEST_BYTES)?;
        let manifest = read_manifest(&document, &manifest_path)?;
        checks::check(&manifest, &folder_name).map_err(fault)?;
        let pipeline = FeaturePipeline::compile(&manifest).map_err(fault)?;
        let onnx = files::read(&folder, &manifest.onnx.file, files::MAX_ONNX_BYTES)?;
        check_file(&manifest, &onnx).map_err(fault)?;
        let scorer = read_graph(&manifest, &onnx, dir)?;
        let background = parity::check(&manifest, &pipeline, &scorer, &manifest_path)?;
        let sha256 = identity(&document, &manifest);
        Ok(Self { manifest, sha256, pipeline, scorer, background })
    }

    /// The manifest alone of the bundle in folder `dir`, and what would identify the bundle; neither its values
    /// nor the graph are checked.
    ///
    /// # Errors
    /// As [`Self::load`], as far as the manifest can be read.
    pub(crate) fn manifest_in(dir: &Path) -> Result<(Manifest, String), BundleError> {
        let (folder, _) = files::folder(dir)?;
        let document = files::read(&folder, MANIFEST_FILE, files::MAX_MANIFEST_BYTES)?;
        let manifest = read_manifest(&document, &dir.join(MANIFEST_FILE))?;
        let sha256 = identity(&document, &manifest);
        Ok((manifest, sha256))
    }

    /// Everything about the model but its graph.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The model's id.
    pub fn uid(&self) -> &str {
        &self.manifest.uid
    }

    /// What identifies the bundle as a whole: SHA-256 of the manifest's bytes followed by the graph's
    /// SHA-256 in hex; 64 hex digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The features, compiled.
    pub fn pipeline(&self) -> &FeaturePipeline {
        &self.pipeline
    }

    /// 100 customers drawn from training, what an explanation compares with; their values stand in the order
    /// of [`FeaturePipeline::inputs`].
    pub fn background(&self) -> &[Customer] {
        &self.background
    }

    /// The model itself.
    pub fn scorer(&self) -> &Scorer {
        &self.scorer
    }
}

/// SHA-256 of the manifest's bytes followed by the graph's SHA-256, in hex.
fn identity(document: &[u8], manifest: &Manifest) -> String {
    format!("{:x}", Sha256::new().chain_update(document).chain_update(&manifest.onnx.sha256).finalize())
}

fn read_manifest(document: &[u8], path: &Path) -> Result<Manifest, BundleError> {
    let malformed = |error: serde_json::Error| BundleError::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let Versioned { format } = serde_json::from_slice(document).map_err(malformed)?;
    if format.as_u64() != Some(manifest::FORMAT) {
        let expected = format!("{}, the one format this version reads", manifest::FORMAT);
        return Err(FieldFault::new("format", expected, format.to_string()).within(path.to_owned()));
    }
    serde_json::from_slice(document).map_err(malformed)
}

fn check_file(manifest: &Manifest, onnx: &[u8]) -> Result<(), FieldFault> {
    if manifest.onnx.bytes != onnx.len() as u64 {
        let expected = format!("{}, the length of the file", onnx.len());
        return Err(FieldFault::new("onnx.bytes", expected, manifest.onnx.bytes.to_string()));
    }
    let sha256 = format!("{:x}", Sha256::digest(onnx));
    if manifest.onnx.sha256 != sha256 {
        let expected = format!("{sha256}, the hash of the file");
        return Err(FieldFault::new("onnx.sha256", expected, manifest.onnx.sha256.clone()));
    }
    Ok(())
}

fn read_graph(manifest: &Manifest, onnx: &[u8], dir: &Path) -> Result<Scorer, BundleError> {
    let refuse = |reason: String| BundleError::Graph { path: dir.join(&manifest.onnx.file), reason };
    let scorer = Scorer::read(onnx, &manifest.onnx.input, &manifest.onnx.output)
        .map_err(|error| refuse(error.to_string()))?;
    if scorer.columns() != manifest.columns {
        let expected = format!("an input of {} columns, as the manifest says", manifest.columns);
        return Err(refuse(format!("expected {expected}, found {}", scorer.columns())));
    }
    Ok(scorer)
}
