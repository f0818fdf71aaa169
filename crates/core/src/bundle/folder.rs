//! The models folder: every bundle in it, verified once, or the reason why it is refused.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Bundle;

/// The bundles of a folder by uid: verified, or refused with the reason.
pub type Bundles = BTreeMap<String, Result<Arc<Bundle>, String>>;

/// A folder that is looked through again whenever the config asks for more than is loaded.
#[derive(Debug)]
pub struct ModelFolder {
    path: PathBuf,
    bundles: Mutex<Bundles>,
}

impl ModelFolder {
    /// A folder; nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), bundles: Mutex::default() }
    }

    /// Loads and verifies what is new in the folder, and what was refused before, side by side on this
    /// machine's cores. It blocks: keep it off threads that answer requests.
    ///
    /// # Errors
    /// Where the folder itself cannot be read.
    pub fn scan(&self) -> io::Result<Bundles> {
        let mut bundles = self.bundles.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<_> = folders(&self.path)?
            .into_iter()
            .filter(|(uid, _)| !matches!(bundles.get(uid), Some(Ok(_))))
            .collect();
        bundles.retain(|_, bundle| bundle.is_ok());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for some in new.chunks(cores) {
            bundles.extend(side_by_side(some));
        }
        Ok(bundles.clone())
    }
}

fn folders(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.path().is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            folders.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    folders.sort();
    Ok(folders)
}

fn side_by_side(folders: &[(String, PathBuf)]) -> Vec<(String, Result<Arc<Bundle>, String>)> {
    std::thread::scope(|scope| {
        let loading: Vec<_> =
            folders.iter().map(|(uid, path)| (uid, scope.spawn(|| Bundle::load(path)))).collect();
        let loaded = loading.into_iter().map(|(uid, thread)| {
            let bundle = match thread.join() {
                Ok(Ok(bundle)) => Ok(Arc::new(bundle)),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("loading it panicked".to_owned()),
            };
            (uid.clone(), bundle)
        });
        loaded.collect()
    })
}
