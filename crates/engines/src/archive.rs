//! The archive that the settings name.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use bellwether_settings::{Archive as ArchiveSettings, Settings};
use bellwether_store::archive::{ArchiveStore, Encryption, FolderArchive, S3Archive, S3Options};

/// Opens the archive that `archive.url` names; none where it names none. Nothing is asked for yet: an archive that is
/// away keeps nobody from starting.
///
/// # Errors
/// Naming the setting at fault.
pub fn archive(settings: &Settings) -> anyhow::Result<Option<Arc<dyn ArchiveStore>>> {
    let archive = &settings.archive;
    if archive.url.is_empty() {
        return Ok(None);
    }
    if let Some(folder) = archive.url.strip_prefix("file://") {
        return Ok(Some(Arc::new(FolderArchive::new(folder))));
    }
    let store = S3Archive::open(&s3_options(archive)?, std::env::vars());
    Ok(Some(Arc::new(store.context("archive.url, archive.endpoint")?)))
}

fn s3_options(archive: &ArchiveSettings) -> anyhow::Result<S3Options> {
    let named = |text: &String| (!text.is_empty()).then(|| text.clone());
    let encryption = match archive.encryption.as_str() {
        "" => Encryption::BucketDefault,
        "AES256" => Encryption::Aes256,
        "aws:kms" => Encryption::Kms(named(&archive.kms_key)),
        _ => bail!("archive.encryption: expected \"AES256\", \"aws:kms\" or nothing"),
    };
    Ok(S3Options {
        region: named(&archive.region),
        endpoint: named(&archive.endpoint),
        path_style: archive.path_style,
        encryption,
        ..S3Options::new(&archive.url)
    })
}
