//! The models folder: every bundle in it, verified once, or the reason why it is refused. Of a verified bundle
//! little is remembered; it is in memory only where somebody wants it, and for as long as somebody has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::loader::{Loaded, Loader, load};
use super::manifest::{Manifest, Metrics};
use super::{Bundle, BundleError};

/// Bundles in memory by uid, or why one is refused.
pub type Bundles = BTreeMap<String, Result<Arc<Bundle>, String>>;

/// Every bundle of a folder by uid: what is remembered of it, or why it is refused.
pub type Known = BTreeMap<String, Result<Arc<About>, String>>;

/// What is remembered of a bundle that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What a person calls the model.
    pub name: String,
    /// When it was trained, UTC.
    pub created_at: DateTime<Utc>,
    /// What identifies the bundle as a whole, as [`Bundle::sha256`].
    pub sha256: String,
    /// How good the model was on the held-out fifth.
    pub metrics: Metrics,
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub struct Look {
    /// Everything in it.
    pub known: Known,
    /// What was wanted of it, ready to serve; a bundle that was refused is here with the reason.
    pub loaded: Bundles,
}

/// A folder that is looked through now and then.
#[derive(Debug)]
pub struct ModelFolder {
    path: PathBuf,
    seen: Mutex<BTreeMap<String, Seen>>,
    loader: OnceLock<Option<Loader>>,
}

/// One bundle, as it was when it was last read.
#[derive(Debug)]
struct Seen {
    files: Files,
    outcome: Result<Arc<About>, String>,
    bundle: Weak<Bundle>,
}

/// Name, size and time of change of every file in a bundle's folder: where these are the same, so are the files.
type Files = Vec<(String, u64, Option<SystemTime>)>;

impl ModelFolder {
    /// A folder; nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: Mutex::default(), loader: OnceLock::new() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything in the folder, loaded and verified. It blocks, as [`Self::look`].
    ///
    /// # Errors
    /// Where the folder itself cannot be read.
    pub fn scan(&self) -> io::Result<Bundles> {
        Ok(self.look(|_| true)?.loaded)
    }

    /// Looks the folder through: verifies what is new or was changed, and loads what is wanted, side by side on
    /// this machine's cores. A bundle that somebody has in memory stays what it is, whatever became of its files.
    /// It blocks: keep it off threads that answer requests.
    ///
    /// # Errors
    /// Where the folder itself cannot be read.
    pub fn look(&self, is_wanted: impl Fn(&str) -> bool) -> io::Result<Look> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let folders = folders(&self.path)?;
        let there: BTreeSet<_> = folders.iter().map(|(uid, _)| uid.clone()).collect();
        seen.retain(|uid, seen| there.contains(uid) || seen.bundle.strong_count() > 0);
        let mut loaded = Bundles::new();
        for (uid, seen) in seen.iter().filter(|(uid, _)| is_wanted(uid)) {
            loaded.extend(seen.bundle.upgrade().map(|bundle| (uid.clone(), Ok(bundle))));
        }
        let mut new = Vec::new();
        for (uid, path) in folders {
            // Read before the files are: what is changed meanwhile is found changed the next time.
            let files = files(&path);
            let known = seen.get(&uid).is_some_and(|seen| {
                // What was refused is tried again: the reason may have been the disk's or the system's.
                seen.bundle.strong_count() > 0 || (seen.outcome.is_ok() && seen.files == files)
            });
            if !loaded.contains_key(&uid) && (is_wanted(&uid) || !known) {
                new.push((uid, path, files));
            }
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for some in new.chunks(cores) {
            let loaded_now = match some {
                [(_, path, _)] => vec![self.load(path)],
                some => side_by_side(some),
            };
            for ((uid, _, files), bundle) in some.iter().zip(loaded_now) {
                seen.insert(uid.clone(), Seen::of(files.clone(), &bundle));
                if is_wanted(uid) {
                    loaded.insert(uid.clone(), bundle);
                }
            }
        }
        let known = seen.iter().map(|(uid, seen)| (uid.clone(), seen.outcome.clone())).collect();
        Ok(Look { known, loaded })
    }

    /// Loads one bundle, on the thread that loads them one by one.
    fn load(&self, path: &Path) -> Loaded {
        let loader = self.loader.get_or_init(Loader::begin).as_ref();
        loader.and_then(|loader| loader.load(path)).unwrap_or_else(|| load(path))
    }

    /// The manifest of a bundle that was verified, read anew where the bundle is not in memory. It blocks.
    ///
    /// # Errors
    /// In words, where it cannot be read any more, or is not the one that was verified.
    pub fn manifest(&self, uid: &str) -> Result<Option<(Manifest, String)>, String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Seen { outcome: Ok(about), bundle, .. }) = seen.get(uid) else { return Ok(None) };
        let (about, bundle) = (about.clone(), bundle.upgrade());
        drop(seen);
        if let Some(bundle) = bundle {
            return Ok(Some((bundle.manifest().clone(), about.sha256.clone())));
        }
        let read = Bundle::manifest_in(&self.path.join(uid));
        match read.map_err(|error: BundleError| error.to_string())? {
            (manifest, sha256) if sha256 == about.sha256 => Ok(Some((manifest, sha256))),
            _ => Err("its files were changed since it was verified".to_owned()),
        }
    }
}

impl Seen {
    fn of(files: Files, bundle: &Result<Arc<Bundle>, String>) -> Self {
        let outcome = bundle.as_ref().map(|bundle| Arc::new(About::of(bundle))).map_err(Clone::clone);
        Self { files, outcome, bundle: bundle.as_ref().map(Arc::downgrade).unwrap_or_default() }
    }
}

impl About {
    fn of(bundle: &Bundle) -> Self {
        let manifest = bundle.manifest();
        Self {
            name: manifest.name.clone(),
            created_at: manifest.created_at,
            sha256: bundle.sha256().to_owned(),
            metrics: manifest.metrics.clone(),
        }
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

/// What cannot be looked at is left out here, and told by whoever reads it.
fn files(folder: &Path) -> Files {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Files = entries
        .filter_map(|entry| {
            let about = std::fs::metadata(entry.path()).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), about.len(), about.modified().ok()))
        })
        .collect();
    files.sort();
    files
}

fn side_by_side(folders: &[(String, PathBuf, Files)]) -> Vec<Loaded> {
    std::thread::scope(|scope| {
        let loading: Vec<_> = folders.iter().map(|(_, path, _)| scope.spawn(|| load(path))).collect();
        let panicked = |_| Err("loading it panicked".to_owned());
        loading.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    })
}
