//! The archive: every prediction once more, as compressed NDJSON objects by hour. The sink decides what
//! an object holds and is called; engines only put bytes.

mod folder;
mod sink;

use async_trait::async_trait;

pub use folder::FolderArchive;
pub use sink::ArchiveSink;

/// Why an object was not written.
#[derive(Debug, thiserror::Error)]
#[error("the archive object {key} cannot be written")]
pub struct ArchiveError {
    /// The object's key.
    pub key: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Keeps objects by key.
#[async_trait]
pub trait ArchiveStore: Send + Sync {
    /// Writes an object whole, over an earlier one of that key. It is never visible in part, and durable
    /// on return. Keys are `/`-separated, relative, of letters, digits and `-_=.`.
    ///
    /// # Errors
    /// [`ArchiveError`]; an earlier object of that key is then as it was.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError>;
}
