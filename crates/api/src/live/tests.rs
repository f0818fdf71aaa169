use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use bellwether_core::change::TrialReport;
use bellwether_core::config::{ConfigDocument, ConfigVersion};
use bellwether_store::{NewConfigVersion, SystemClock, UnreadableDocument};

use super::*;

/// A database with one version, or away.
#[derive(Default)]
struct Versions(Mutex<Option<StoredVersion>>);

impl Versions {
    fn set(&self, version: Option<ConfigVersion>) {
        *self.0.lock().unwrap() = version.map(StoredVersion::from);
    }

    /// A version that somebody wrote past us.
    fn poison(&self, number: u64, reasons: &[&str]) {
        let reasons = reasons.iter().map(|&reason| reason.to_owned()).collect();
        let document = Err(UnreadableDocument { text: "arms: []".to_owned(), reasons });
        let version = StoredVersion { document, ..version(number, 0.5).into() };
        *self.0.lock().unwrap() = Some(version);
    }
}

#[async_trait]
impl ConfigStore for Versions {
    async fn live(&self, _: &str) -> Result<Option<StoredVersion>, StoreError> {
        let version = self.0.lock().unwrap().clone();
        version.map(Some).ok_or_else(|| StoreError::Unavailable("it is away".into()))
    }

    async fn version(&self, _: &str, _: u64) -> Result<Option<StoredVersion>, StoreError> {
        self.live("").await
    }

    async fn history(&self, _: &str, _: u32) -> Result<Vec<StoredVersion>, StoreError> {
        Ok(self.live("").await?.into_iter().collect())
    }

    async fn history_before(&self, _: &str, _: u64, _: u32) -> Result<Vec<StoredVersion>, StoreError> {
        Ok(Vec::new())
    }

    async fn stage_report(&self, _: &str, _: u64) -> Result<Option<TrialReport>, StoreError> {
        Ok(None)
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
        provenance: None,
    }
}

async fn begin(folder: &tempfile::TempDir, versions: &Arc<Versions>) -> Live {
    Live::begin(Sources {
        environment: "prod".to_owned(),
        models: models(),
        bucket: None,
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
async fn a_version_that_breaks_its_own_rules_is_refused_and_the_last_good_one_stays() {
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
async fn an_unreadable_version_is_refused_with_every_reason_and_is_no_outage() {
    let folder = tempfile::tempdir().unwrap();
    let versions = Arc::new(Versions::default());
    versions.set(Some(version(1, 0.5)));
    let live = begin(&folder, &versions).await;
    let mut changes = live.changes();
    versions.poison(2, &["arms: is missing", "color: unknown"]);
    live.refresh().await.unwrap();
    let told = live.told();
    let why = vec!["arms: is missing".to_owned(), "color: unknown".to_owned()];
    assert_eq!((told.refused, told.unreachable), (Some((2, why)), None));
    assert!(changes.has_changed().unwrap(), "whoever reports it is woken");
    changes.mark_unchanged();
    live.refresh().await.unwrap();
    assert!(!changes.has_changed().unwrap(), "and is not woken again for the same");
    assert_eq!(live.snapshot().unwrap().config.version, 1);
    versions.set(Some(version(3, 0.6)));
    live.refresh().await.unwrap();
    assert_eq!((live.snapshot().unwrap().config.version, live.told().refused), (3, None));
}

#[tokio::test]
async fn a_start_while_the_newest_version_is_poisoned_comes_up_on_the_last_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let versions = Arc::new(Versions::default());
    versions.set(Some(version(4, 0.5)));
    drop(begin(&folder, &versions).await);
    versions.poison(5, &["document: cannot be read"]);
    let live = begin(&folder, &versions).await;
    assert_eq!(live.snapshot().unwrap().config.version, 4);
    assert!(live.hindrances().is_empty());
    assert_eq!(live.told().refused.unwrap().0, 5, "what is refused is still told");
}

#[tokio::test]
async fn a_start_on_a_poisoned_version_alone_says_what_is_wrong_with_it() {
    let versions = Arc::new(Versions::default());
    versions.poison(1, &["document: cannot be read"]);
    let live = begin(&tempfile::tempdir().unwrap(), &versions).await;
    assert_eq!(live.hindrances(), ["config version 1: document: cannot be read"]);
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
