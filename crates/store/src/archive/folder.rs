//! An archive in a folder: an object is a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::{ArchiveError, ArchiveOperation, ArchiveStore, LIST_PAGE};

/// What a file is called while it is written.
const PARTIAL: &str = "partial";

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

    /// Does `work` with a key's path, where it may wait for the disk.
    async fn with_path<T: Send + 'static>(
        &self,
        operation: ArchiveOperation,
        key: &str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let failed = |source| ArchiveError { operation, key: key.to_owned(), source };
        let path = path_of(&self.root, key).ok_or_else(|| failed("not a key".into()))?;
        match spawn_blocking(move || work(&path)).await {
            Ok(done) => done.map_err(|error| failed(Box::new(error))),
            Err(panicked) => Err(failed(Box::new(panicked))),
        }
    }
}

#[async_trait]
impl ArchiveStore for FolderArchive {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.with_path(ArchiveOperation::Put, key, move |path| write(path, &bytes)).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.with_path(ArchiveOperation::Get, key, |path| found(fs::read(path))).await
    }

    async fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<String>, ArchiveError> {
        let (prefix, after) = (format!("{folder}/"), after.unwrap_or_default().to_owned());
        let list = move |path: &Path| {
            let mut keys = Vec::new();
            walk(path, &prefix, &after, &mut keys)?;
            Ok(keys)
        };
        self.with_path(ArchiveOperation::List, folder, list).await
    }

    async fn delete(&self, key: &str) -> Result<(), ArchiveError> {
        self.with_path(ArchiveOperation::Delete, key, |path| found(fs::remove_file(path)).map(drop)).await
    }
}

/// Writes beside and renames, so that a reader sees all or nothing; synced, because the journal forgets
/// the entries next.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let beside = path.with_extension(PARTIAL);
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

/// Gathers keys below a folder until a page is full. What lies before `after` is not walked through again.
fn walk(folder: &Path, prefix: &str, after: &str, keys: &mut Vec<String>) -> io::Result<()> {
    let Some(entries) = found(fs::read_dir(folder))? else { return Ok(()) };
    // Folders are ordered with the `/` that follows them in a key.
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.extend(entry.file_name().to_str().map(|name| format!("{name}{slash}")));
    }
    names.sort_unstable();
    for name in names {
        if keys.len() == LIST_PAGE {
            break;
        }
        let key = format!("{prefix}{name}");
        if name.ends_with('/') {
            if key.as_str() > after || after.starts_with(&key) {
                walk(&folder.join(&name), &key, after, keys)?;
            }
        } else if key.as_str() > after && Path::new(&name).extension().is_none_or(|ending| ending != PARTIAL)
        {
            keys.push(key);
        }
    }
    Ok(())
}

/// Takes what is not there for nothing, and no failure.
fn found<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file of a key; `None` for a key that would leave the folder.
fn path_of(root: &Path, key: &str) -> Option<PathBuf> {
    super::is_key(key).then(|| root.join(key))
}
