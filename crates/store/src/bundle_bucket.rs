//! Bundles in a bucket, one folder each below a prefix: fetched whole into a local folder, where they are verified
//! and loaded like any other. Nothing half fetched is ever seen there, and nothing is lost while the bucket is away.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::bundle::{Known, Manifest};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::archive::{ArchiveError, ArchiveStore, LIST_PAGE};

const MANIFEST: &str = "manifest.json";
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a look is waited for by those who have all they want: a bucket that hangs must not keep them.
const HASTE: Duration = Duration::from_secs(3);

/// A bucket and the folder that keeps its bundles.
pub struct BundleBucket {
    store: Arc<dyn ArchiveStore>,
    prefix: String,
    folder: PathBuf,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

/// Why a bundle could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Bucket(#[from] ArchiveError),
    #[error("{0} is not there")]
    Missing(String),
    #[error("manifest.json: {0}")]
    Manifest(#[from] serde_json::Error),
    #[error("{0}: expected what the manifest says by its hash")]
    Hash(String),
    #[error("it cannot be kept")]
    Keep(#[from] io::Error),
}

impl BundleBucket {
    /// The bundles below `prefix`, a key, kept in `folder`. Nothing is asked for yet.
    pub fn new(store: Arc<dyn ArchiveStore>, prefix: &str, folder: PathBuf) -> Self {
        Self {
            store,
            prefix: prefix.trim_matches('/').to_owned(),
            folder,
            looking: tokio::sync::Mutex::default(),
        }
    }

    /// Fetches the bundles that are not kept yet, and those that were refused and have another manifest now; lets
    /// go of what the bucket has no more, but for what is `wanted`. Whatever fails is told in the log, and tried
    /// again at the next call. Where all that is wanted is kept already it is waited for a few seconds only, and
    /// goes on by itself.
    pub async fn fetch(self: &Arc<Self>, wanted: &BTreeSet<String>, known: &Known) {
        let has_all = !wanted.is_empty() && wanted.iter().all(|uid| self.folder.join(uid).is_dir());
        let (bucket, wanted, known) = (Arc::clone(self), wanted.clone(), known.clone());
        let looking = tokio::spawn(async move {
            let _one_at_a_time = match bucket.looking.try_lock() {
                Ok(alone) => alone,
                // One look at a bucket that hangs is enough, unless something is missing.
                Err(_) if has_all => return,
                Err(_) => bucket.looking.lock().await,
            };
            match tokio::time::timeout(PATIENCE, bucket.look(&wanted, &known)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the bucket of bundles cannot be looked through: those kept serve");
                }
                Err(_) => tracing::warn!("the bucket of bundles does not answer in time: those kept serve"),
            }
        });
        // Late or not: what is kept is there, and the task tells of its own failures.
        let _ = tokio::time::timeout(if has_all { HASTE } else { PATIENCE }, looking).await;
    }

    async fn look(&self, wanted: &BTreeSet<String>, known: &Known) -> Result<(), FetchError> {
        // Also while the bucket is empty or away: a folder that is missing is a fault of its own.
        tokio::fs::create_dir_all(&self.folder).await?;
        let there = self.listed().await?;
        let kept = self.kept().await?;
        for uid in kept.difference(&there).filter(|uid| !wanted.contains(*uid)) {
            tokio::fs::remove_dir_all(self.folder.join(uid)).await?;
        }
        for uid in &there {
            let fetched = match kept.contains(uid) {
                true if matches!(known.get(uid), Some(Err(_))) => self.fetch_changed(uid).await,
                true => continue,
                false => self.fetch_one(uid).await,
            };
            if let Err(error) = fetched {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(bundle = uid, error, "a bundle cannot be fetched from its bucket");
            }
        }
        Ok(())
    }

    /// The bundles that the bucket has a manifest of.
    async fn listed(&self) -> Result<BTreeSet<String>, ArchiveError> {
        let (mut there, mut last) = (BTreeSet::new(), None::<String>);
        loop {
            let page = self.store.list(&self.prefix, last.as_deref()).await?;
            let below = page.iter().filter_map(|key| key.strip_prefix(&self.prefix)?.strip_prefix('/'));
            let uids = below.filter_map(|key| key.strip_suffix(MANIFEST)?.strip_suffix('/'));
            // A folder within a bundle's is none of its own.
            there.extend(uids.filter(|uid| is_plain(uid)).map(str::to_owned));
            if page.len() < LIST_PAGE {
                return Ok(there);
            }
            last = page.last().cloned();
        }
    }

    async fn kept(&self) -> io::Result<BTreeSet<String>> {
        let (mut kept, mut entries) = (BTreeSet::new(), tokio::fs::read_dir(&self.folder).await?);
        while let Some(entry) = entries.next_entry().await? {
            kept.extend(entry.file_name().into_string().ok().filter(|name| is_plain(name)));
        }
        Ok(kept)
    }

    /// Fetches one that was refused again, where its manifest is another than the one kept.
    async fn fetch_changed(&self, uid: &str) -> Result<(), FetchError> {
        let kept = tokio::fs::read(self.folder.join(uid).join(MANIFEST)).await.unwrap_or_default();
        if self.object(uid, MANIFEST).await? == kept {
            return Ok(());
        }
        tokio::fs::remove_dir_all(self.folder.join(uid)).await?;
        self.fetch_one(uid).await
    }

    /// Manifest and graph, the graph being the one that the manifest says; then both at once into their place.
    async fn fetch_one(&self, uid: &str) -> Result<(), FetchError> {
        let document = self.object(uid, MANIFEST).await?;
        let manifest: Manifest = serde_json::from_slice(&document)?;
        let file = &manifest.onnx.file;
        if !is_plain(file) {
            return Err(FetchError::Missing(file.clone()));
        }
        let graph = self.object(uid, file).await?;
        if format!("{:x}", Sha256::digest(&graph)) != manifest.onnx.sha256 {
            return Err(FetchError::Hash(file.clone()));
        }
        let files = BTreeMap::from([(MANIFEST, document), (file.as_str(), graph)]);
        self.keep(uid, &files).await?;
        tracing::info!(bundle = uid, "a bundle was fetched from its bucket");
        Ok(())
    }

    async fn object(&self, uid: &str, file: &str) -> Result<Vec<u8>, FetchError> {
        let bytes = self.store.get(&format!("{}/{uid}/{file}", self.prefix)).await?;
        bytes.ok_or_else(|| FetchError::Missing(file.to_owned()))
    }

    async fn keep(&self, uid: &str, files: &BTreeMap<&str, Vec<u8>>) -> io::Result<()> {
        // Hidden until it is whole, and nobody else's: two processes may share a folder.
        let partial = self.folder.join(format!(".{uid}.{}", Uuid::now_v7()));
        tokio::fs::create_dir_all(&partial).await?;
        for (file, bytes) in files {
            tokio::fs::write(partial.join(file), bytes).await?;
        }
        let place = self.folder.join(uid);
        match tokio::fs::rename(&partial, &place).await {
            // Another was quicker.
            Err(_) if Path::new(&place).is_dir() => tokio::fs::remove_dir_all(&partial).await,
            renamed => renamed,
        }
    }
}

/// A name that leads nowhere else.
fn is_plain(name: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

#[cfg(test)]
#[path = "bundle_bucket_tests.rs"]
mod tests;
