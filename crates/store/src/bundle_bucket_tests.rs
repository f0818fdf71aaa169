use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bellwether_core::bundle::ModelFolder;

use super::*;
use crate::archive::{ArchiveOperation, FolderArchive};

/// A bucket that may be away, and counts what is read of it.
struct Bucket {
    objects: FolderArchive,
    away: AtomicBool,
    read: AtomicUsize,
}

impl Bucket {
    fn check(&self) -> Result<(), ArchiveError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(ArchiveError::new(ArchiveOperation::Get, "all", "it is away"));
        }
        Ok(())
    }
}

#[async_trait]
impl ArchiveStore for Bucket {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.objects.put(key, bytes).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.check()?;
        self.read.fetch_add(1, Ordering::SeqCst);
        self.objects.get(key).await
    }

    async fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<String>, ArchiveError> {
        self.check()?;
        self.objects.list(folder, after).await
    }

    async fn delete(&self, key: &str) -> Result<(), ArchiveError> {
        self.objects.delete(key).await
    }
}

struct World {
    folder: tempfile::TempDir,
    bucket: Arc<Bucket>,
    bundles: Arc<BundleBucket>,
    models: ModelFolder,
    uid: String,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = FolderArchive::new(folder.path().join("bucket"));
        let (away, read) = (AtomicBool::new(false), AtomicUsize::new(0));
        let bucket = Arc::new(Bucket { objects, away, read });
        let kept = folder.path().join("kept");
        let bundles = Arc::new(BundleBucket::new(bucket.clone(), "models/all", kept.clone()));
        let (models, uid) = (ModelFolder::new(kept), shipped().to_owned());
        Self { folder, bucket, bundles, models, uid }
    }

    async fn place(&self, file: &str, bytes: Vec<u8>) {
        self.bucket.put(&format!("models/all/{}/{file}", self.uid), bytes).await.unwrap();
    }

    async fn place_whole(&self) {
        for file in ["model.onnx", "manifest.json"] {
            self.place(file, original(file)).await;
        }
    }

    /// Looks once, and answers what is loaded then.
    async fn loaded(&self, wanted: &[&str]) -> Vec<String> {
        let wanted = wanted.iter().map(|&uid| uid.to_owned()).collect();
        let known = self.models.look(|_| false).map(|look| look.known).unwrap_or_default();
        self.bundles.fetch(&wanted, &known).await;
        let loaded = self.models.scan().unwrap();
        loaded.into_iter().filter_map(|(uid, bundle)| bundle.is_ok().then_some(uid)).collect()
    }
}

fn shipped() -> &'static str {
    "random_forest_20261122t000000z"
}

fn original(file: &str) -> Vec<u8> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    std::fs::read(models.join(shipped()).join(file)).unwrap()
}

#[tokio::test]
async fn a_bundle_placed_in_the_bucket_is_fetched_once_and_verified() {
    let world = World::new();
    assert!(world.loaded(&[]).await.is_empty(), "an empty bucket is no fault");
    world.place("model.onnx", original("model.onnx")).await;
    assert!(world.loaded(&[]).await.is_empty(), "it is not there before its manifest is");
    world.place("manifest.json", original("manifest.json")).await;
    assert_eq!(world.loaded(&[]).await, [world.uid.as_str()]);
    let read = world.bucket.read.load(Ordering::SeqCst);
    assert_eq!(world.loaded(&[]).await, [world.uid.as_str()]);
    assert_eq!(world.bucket.read.load(Ordering::SeqCst), read, "nothing is read twice");
}

#[tokio::test]
async fn a_graph_that_is_not_the_manifest_s_is_not_kept_and_the_right_one_is_taken_when_it_comes() {
    let world = World::new();
    let mut graph = original("model.onnx");
    graph[1000] ^= 1;
    world.place("model.onnx", graph).await;
    world.place("manifest.json", original("manifest.json")).await;
    assert!(world.loaded(&[]).await.is_empty());
    assert!(!world.folder.path().join("kept").join(&world.uid).exists());
    world.place_whole().await;
    assert_eq!(world.loaded(&[]).await, [world.uid.as_str()]);
}

#[tokio::test]
async fn a_bundle_that_was_refused_is_fetched_again_once_its_manifest_is_another() {
    let world = World::new();
    let mut manifest: serde_json::Value = serde_json::from_slice(&original("manifest.json")).unwrap();
    let probability = &mut manifest["parity"][0]["probability"];
    *probability = (1.0 - probability.as_f64().unwrap()).into();
    world.place("model.onnx", original("model.onnx")).await;
    world.place("manifest.json", manifest.to_string().into_bytes()).await;
    assert!(world.loaded(&[]).await.is_empty(), "it is fetched, and does not reproduce its parity rows");
    world.place_whole().await;
    assert_eq!(world.loaded(&[]).await, [world.uid.as_str()]);
}

#[tokio::test]
async fn what_was_fetched_serves_while_the_bucket_is_away() {
    let world = World::new();
    world.place_whole().await;
    world.loaded(&[]).await;
    world.bucket.away.store(true, Ordering::SeqCst);
    assert_eq!(world.loaded(&[&world.uid]).await, [world.uid.as_str()]);
    let models = ModelFolder::new(world.models.path());
    assert!(models.scan().unwrap()[&world.uid].is_ok(), "after a restart too");
}

#[tokio::test]
async fn what_leaves_the_bucket_is_let_go_unless_it_is_named() {
    let world = World::new();
    world.place_whole().await;
    world.loaded(&[]).await;
    for file in ["model.onnx", "manifest.json"] {
        world.bucket.delete(&format!("models/all/{}/{file}", world.uid)).await.unwrap();
    }
    assert_eq!(world.loaded(&[&world.uid]).await, [world.uid.as_str()]);
    assert!(world.loaded(&[]).await.is_empty());
}
