//! Where the settings say bundles are: a folder, or a bucket whose bundles are kept in one.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use bellwether_core::bundle::{Known, ModelFolder};
use bellwether_settings::Settings;
use bellwether_store::archive::{Encryption, S3Archive, S3Options};
use bellwether_store::bundle_bucket::BundleBucket;

/// The folder that `models.path` names; where that is a bucket, the folder beside the journal that keeps its
/// bundles. Nothing is read yet.
pub fn model_folder(settings: &Settings) -> ModelFolder {
    ModelFolder::new(match bucket(settings) {
        Some(_) => settings.journal.path.with_file_name("bundles"),
        None => settings.models.path.clone(),
    })
}

/// The bucket that `models.path` names, if it names one, whose bundles are kept in `folder`. Nothing is asked for
/// yet.
///
/// # Errors
/// Naming the setting at fault.
pub fn bundle_bucket(settings: &Settings, folder: &Path) -> anyhow::Result<Option<Arc<BundleBucket>>> {
    let Some(url) = bucket(settings) else { return Ok(None) };
    let models = &settings.models;
    let (bucket, prefix) = url.trim_end_matches('/').split_once('/').unwrap_or((url, ""));
    anyhow::ensure!(!prefix.is_empty(), "models.path: expected s3://bucket/prefix, or a folder");
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let options = S3Options {
        region: some(&models.region),
        endpoint: some(&models.endpoint),
        path_style: models.path_style,
        // Nothing is written there.
        encryption: Encryption::BucketDefault,
        ..S3Options::new(&format!("s3://{bucket}"))
    };
    // Credentials come as every AWS client finds them: from its own variables, or the machine's role.
    let s3 = S3Archive::open(&options, std::env::vars()).context("models.path")?;
    Ok(Some(Arc::new(BundleBucket::new(Arc::new(s3), prefix, folder.to_owned()))))
}

/// The models folder, with all that its bucket holds where there is one.
///
/// # Errors
/// Naming the setting at fault. A bucket that is away is told in the log; what was kept of it is there.
pub async fn fetched_models(settings: &Settings) -> anyhow::Result<ModelFolder> {
    let folder = model_folder(settings);
    if let Some(bucket) = bundle_bucket(settings, folder.path())? {
        bucket.fetch(&BTreeSet::new(), &Known::new()).await;
    }
    Ok(folder)
}

/// What stands behind `s3://`.
fn bucket(settings: &Settings) -> Option<&str> {
    settings.models.path.to_str()?.strip_prefix("s3://")
}
