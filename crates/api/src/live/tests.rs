use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use bellwether_core::config::ConfigDocument;
use bellwether_store::{NewConfigVersion, SystemClock};

use super::*;

/// A database with one version, or away.
#[derive(Default)]
struct Versions(Mutex<Option<ConfigVersion>>);

impl Versions {
    fn set(&self, version: Option<ConfigVersion>) {
        *self.0.lock().unwrap() = version;
    }
}

#[async_trait]
impl ConfigStore for Versions {
    async fn live(&self, _: &str) -> Result<Option<ConfigVersion>, StoreError> {
        let version = self.0.lock().unwrap().clone();
        version.map(Some).ok_or_else(|| StoreError::Unavailable("it is away".into()))
    }

    async fn version(&self, _: &str, _: u64) -> Result<Option<ConfigVersion>, StoreError> {
        self.live("").await
    }

    async fn history(&self, _: &str, _: u32) -> Result<Vec<ConfigVersion>, StoreError> {
        Ok(self.live("").await?.into_iter().collect())
    }

    async fn append(&self, _: NewConfigVersion) -> Result<ConfigVersion, StoreError> {
        Err(StoreError::Unavailable("it is away".into()))
    }
}

fn models() -> Arc<ModelFolder> {
    Arc::new(ModelFolder::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")))
}

fn version(number: u64, cutoff: f64) -> ConfigVersion {
    let first = models().scan().unwrap().into_keys().next().unwrap();
    let document = ConfigDocument { proba_cutoff: cutoff, ..ConfigDocument::initial(&first) };
    ConfigVersion {
        environment: "prod".to_owned(),
        version: number,
        parent: None,
        sha256: document.sha256().unwrap(),
        document,
        author: "a test".to_owned(),
        reason: "to see".to_owned(),
        created_at: DateTime::UNIX_EPOCH,
    }
}

async fn begin(folder: &tempfile::TempDir, versions: &Arc<Versions>) -> Live {
    Live::begin(Sources {
        environment: "prod".to_owned(),
        models: models(),
        configs: versions.clone(),
        last_good: folder.path().join("last-good-config.json"),
        clock: Arc::new(SystemClock),
    })
    .await
}

#[tokio::test]
async fn a_start_without_a_database_comes_up_on_the_last_good_config() {
    let folder = tempfile::tempdir().unwrap();
    let versions = Arc::new(Versions::default());
    versions.set(Some(version(7, 0.5)));
    drop(begin(&folder, &versions).await);
    versions.set(None);
    let live = begin(&folder, &versions).await;
    assert_eq!(live.snapshot().unwrap().config.version, 7);
    assert!(live.hindrances().is_empty());
    versions.set(Some(version(8, 0.6)));
    live.refresh().await.unwrap();
    assert_eq!(live.snapshot().unwrap().config.version, 8, "once the database is back the newest goes live");
}

#[tokio::test]
async fn without_a_database_and_without_a_last_good_config_nothing_is_live_and_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let live = begin(&folder, &Arc::new(Versions::default())).await;
    assert!(live.snapshot().is_none());
    assert!(live.hindrances()[0].contains("cannot be looked up"), "{:?}", live.hindrances());
}

#[tokio::test]
async fn a_poisoned_document_is_refused_and_the_last_good_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let versions = Arc::new(Versions::default());
    versions.set(Some(version(1, 0.5)));
    let live = begin(&folder, &versions).await;
    versions.set(Some(version(2, 7.0)));
    live.refresh().await.unwrap();
    assert_eq!(live.snapshot().unwrap().config.version, 1);
    let (refused, reasons) = live.told().refused.unwrap();
    assert_eq!(refused, 2);
    assert!(reasons[0].contains("proba_cutoff"), "{reasons:?}");
    let kept = std::fs::read_to_string(folder.path().join("last-good-config.json")).unwrap();
    assert!(kept.contains("\"version\": 1"), "what was refused is not kept as good");
}

#[tokio::test]
async fn a_file_of_another_environment_is_no_last_good_config() {
    let folder = tempfile::tempdir().unwrap();
    let versions = Arc::new(Versions::default());
    versions.set(Some(ConfigVersion { environment: "stage".to_owned(), ..version(3, 0.5) }));
    drop(begin(&folder, &versions).await);
    versions.set(None);
    assert!(begin(&folder, &versions).await.snapshot().is_none());
}
