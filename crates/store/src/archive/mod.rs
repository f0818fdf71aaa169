//! The archive: every prediction once more, as compressed NDJSON objects by hour. What an object holds and is
//! called is decided here; engines only keep bytes by key.

mod backfill;
mod erase;
mod error;
mod folder;
mod keys;
mod object;
mod prune;
mod restore;
mod retention;
mod s3;
mod sink;

use async_trait::async_trait;

pub use backfill::archive_missing;
pub use erase::{Erased, erase_client};
pub use error::{ArchiveError, ArchiveOperation};
pub use folder::FolderArchive;
pub use prune::{PruneError, Pruned, prune};
pub use restore::{Restored, restore_log};
pub use retention::delete_days_before;
pub use s3::{Encryption, S3Archive, S3ArchiveError, S3Options};
pub use sink::ArchiveSink;

/// The most keys that one call of [`ArchiveStore::list`] answers.
pub const LIST_PAGE: usize = 1_000;

/// Keeps objects by key. Keys are `/`-separated, relative, of letters, digits and `-_=.`; no part begins with a dot.
#[async_trait]
pub trait ArchiveStore: Send + Sync {
    /// Writes an object whole, over an earlier one of that key. It is never visible in part, and durable
    /// on return.
    ///
    /// # Errors
    /// [`ArchiveError`]; an earlier object of that key is then as it was, unless only the answer was lost.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError>;

    /// An object's bytes; none where there is no such object.
    ///
    /// # Errors
    /// [`ArchiveError`].
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError>;

    /// Up to [`LIST_PAGE`] keys below the folder `folder`, in the order of their bytes, those after the key `after`
    /// only; none where no more are left.
    ///
    /// # Errors
    /// [`ArchiveError`].
    async fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<String>, ArchiveError>;

    /// Removes an object; does nothing where there is none of that key.
    ///
    /// # Errors
    /// [`ArchiveError`].
    async fn delete(&self, key: &str) -> Result<(), ArchiveError>;
}

/// Whether a text is a key, or a folder of keys.
fn is_key(key: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.".contains(&byte))
    };
    key.split('/').all(plain)
}
