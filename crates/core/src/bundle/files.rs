//! Reading a bundle's files: sizes are checked before a byte is read, and nothing outside the folder
//! is opened.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::BundleError;

/// The largest manifest that is read, in bytes.
pub(super) const MAX_MANIFEST_BYTES: u64 = 16 << 20;
/// The largest graph that is read, in bytes.
pub(super) const MAX_ONNX_BYTES: u64 = 256 << 20;

/// The folder's canonical path and its own name.
pub(super) fn folder(dir: &Path) -> Result<(PathBuf, String), BundleError> {
    let refuse = |found: String| BundleError::NotAFolder { path: dir.to_owned(), found };
    let canonical = fs::canonicalize(dir).map_err(|error| refuse(error.to_string()))?;
    if !canonical.is_dir() {
        return Err(refuse("found something else".to_owned()));
    }
    // A link to a folder may bear the uid that the folder behind it does not: mounts do that.
    let named = dir.file_name().or_else(|| canonical.file_name());
    let name = named.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((canonical, name))
}

/// Whether `name` is a plain file name: no path, no `.` or `..`, nothing hidden in it.
pub(super) fn is_plain_name(name: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
    !name.is_empty() && !name.starts_with('.') && name.len() <= 255 && name.chars().all(plain)
}

/// A file's bytes, at most `limit` of them.
pub(super) fn read(folder: &Path, name: &str, limit: u64) -> Result<Vec<u8>, BundleError> {
    let path = folder.join(name);
    let refuse = |reason: String| BundleError::Unreadable { path: path.clone(), reason };
    let target = fs::canonicalize(&path).map_err(|error| refuse(error.to_string()))?;
    if !target.starts_with(folder) {
        return Err(refuse("found a link that leaves the bundle's folder".to_owned()));
    }
    let about = fs::metadata(&target).map_err(|error| refuse(error.to_string()))?;
    if !about.is_file() {
        return Err(refuse("found something that is no file".to_owned()));
    }
    let too_large = |bytes: u64| BundleError::TooLarge { path: path.clone(), bytes, limit };
    if about.len() > limit {
        return Err(too_large(about.len()));
    }
    let file = File::open(&target).map_err(|error| refuse(error.to_string()))?;
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    // The file may have grown since its size was looked at.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}
