//! An archive in a folder: an object is a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::{ArchiveError, ArchiveStore};

/// Objects as files below a folder, which is created when the first is written.
#[derive(Debug, Clone)]
pub struct FolderArchive {
    root: PathBuf,
}

impl FolderArchive {
    /// An archive below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

#[async_trait]
impl ArchiveStore for FolderArchive {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let failed = |source| ArchiveError { key: key.to_owned(), source };
        let path = path_of(&self.root, key).ok_or_else(|| failed("not a key".into()))?;
        match spawn_blocking(move || write(&path, &bytes)).await {
            Ok(written) => written.map_err(|error| failed(Box::new(error))),
            Err(panicked) => Err(failed(Box::new(panicked))),
        }
    }
}

/// Writes beside and renames, so that a reader sees all or nothing; synced, because the journal forgets
/// the entries next.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let beside = path.with_extension("partial");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

/// The file of a key; `None` for a key that would leave the folder.
fn path_of(root: &Path, key: &str) -> Option<PathBuf> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.".contains(&byte))
    };
    key.split('/').all(plain).then(|| root.join(key))
}
