//! Why a bundle is refused. Every text names the file, the field and what was expected, so that the
//! person who reads it in a log or on a page can act on it.

use std::path::PathBuf;

/// Why a bundle cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The path is no folder.
    #[error("{}: expected a bundle's folder holding manifest.json and model.onnx, {found}", .path.display())]
    NotAFolder {
        /// What was given.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// A file cannot be read.
    #[error("{}: expected a readable file, {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file is larger than the format allows; it was not read.
    #[error("{}: expected at most {limit} bytes, it has {bytes}", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is taken.
        limit: u64,
    },
    /// The manifest is not JSON of the right shape.
    #[error("{}: {reason}", .path.display())]
    Malformed {
        /// The manifest.
        path: PathBuf,
        /// What serde found, with line and column.
        reason: String,
    },
    /// A field of the manifest holds what it must not.
    #[error("{}: field `{field}`: expected {expected}, found {found}", .path.display())]
    Field {
        /// The manifest.
        path: PathBuf,
        /// The field, as a path into the document.
        field: String,
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// The graph is not what the contract describes, or cannot be run.
    #[error("{}: {reason}", .path.display())]
    Graph {
        /// The graph.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A parity row does not come out as training says.
    #[error(
        "{}: field `parity[{row}]`: expected probability {expected}, got {got} (tolerance {tolerance})",
        .path.display()
    )]
    Parity {
        /// The manifest.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// What training says.
        expected: f64,
        /// What the graph says.
        got: f32,
        /// The largest difference that is taken.
        tolerance: f64,
    },
}

/// A field at fault, before the file it stands in is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldFault {
    pub(crate) field: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl FieldFault {
    pub(crate) fn new(
        field: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), expected: expected.into(), found: found.into() }
    }

    pub(super) fn within(self, path: PathBuf) -> BundleError {
        let Self { field, expected, found } = self;
        BundleError::Field { path, field, expected, found }
    }
}
