//! The archive that the settings name.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bellwether_settings::Settings;
use bellwether_store::archive::{ArchiveStore, Encryption, FolderArchive, S3Archive, S3Options};

/// The archive that `archive.url` names, if it names one. Nothing is asked for yet.
///
/// # Errors
/// Naming the setting at fault.
pub fn archive(settings: &Settings) -> anyhow::Result<Option<Arc<dyn ArchiveStore>>> {
    let archive = &settings.archive;
    if archive.url.is_empty() {
        return Ok(None);
    }
    if let Some(folder) = archive.url.strip_prefix("file://") {
        return Ok(Some(Arc::new(FolderArchive::new(Path::new(folder)))));
    }
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let options = S3Options {
        region: some(&archive.region),
        endpoint: some(&archive.endpoint),
        path_style: archive.path_style,
        encryption: match archive.encryption.as_str() {
            "" => Encryption::BucketDefault,
            "AES256" => Encryption::Aes256,
            "aws:kms" => Encryption::Kms(some(&archive.kms_key)),
            _ => bail!("archive.encryption: expected \"AES256\", \"aws:kms\" or nothing"),
        },
        ..S3Options::new(&archive.url)
    };
    // Credentials come as every AWS client finds them: from its own variables, or the machine's role.
    let s3 = S3Archive::open(&options, std::env::vars()).context("archive.url")?;
    Ok(Some(Arc::new(s3)))
}
