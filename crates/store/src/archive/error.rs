//! How an archive fails.

use std::error::Error;
use std::fmt;

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveOperation {
    /// An object was to be written.
    Put,
    /// An object was to be read.
    Get,
    /// The objects of a folder were to be listed.
    List,
    /// An object was to be removed.
    Delete,
}

impl fmt::Display for ArchiveOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Put => "written",
            Self::Get => "read",
            Self::List => "listed",
            Self::Delete => "removed",
        })
    }
}

/// Why an object was not written, read, listed or removed.
#[derive(Debug, thiserror::Error)]
#[error("the archive object {key} cannot be {operation}")]
pub struct ArchiveError {
    /// What was tried.
    pub operation: ArchiveOperation,
    /// The object's key, or the folder's.
    pub key: String,
    /// Why. Never holds what is in the object.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl ArchiveError {
    /// A failure of `operation` on `key`.
    pub fn new(
        operation: ArchiveOperation,
        key: &str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { operation, key: key.to_owned(), source: source.into() }
    }

    /// The failure and its causes in one line.
    pub fn reason(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !line.contains(&text) {
                line = format!("{line}: {text}");
            }
            cause = error.source();
        }
        line
    }
}
