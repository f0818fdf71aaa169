//! Where a key set comes from: a file, or a URL.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bellwether_settings::Auth as AuthSettings;

use super::AuthError;
use super::jwks::KeySet;

/// One fetch may take this long in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// A key set is a few kilobytes.
const MAX_BYTES: usize = 1 << 20;
/// A file is looked at so often, at least.
const FILE_LOOK: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) enum KeySource {
    File(PathBuf),
    Url { client: reqwest::Client, url: String },
}

impl KeySource {
    /// The source that the settings name, if they name one.
    ///
    /// # Errors
    /// Where no client can be made.
    pub(super) fn new(settings: &AuthSettings) -> Result<Option<Self>, AuthError> {
        if !settings.jwks_file.is_empty() {
            return Ok(Some(Self::File(settings.jwks_file.clone().into())));
        }
        if settings.jwks_url.is_empty() {
            return Ok(None);
        }
        // Another part of the process may have chosen the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            // A redirect could lead from https to http.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| AuthError::Client(error.to_string()))?;
        Ok(Some(Self::Url { client, url: settings.jwks_url.clone() }))
    }

    /// The set as it is now.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow its name.
    pub(super) async fn read(&self) -> Result<KeySet, String> {
        match self {
            Self::File(path) => {
                let text = tokio::fs::read(path).await.map_err(|error| format!("cannot be read: {error}"))?;
                KeySet::parse(&text)
            }
            Self::Url { client, url } => KeySet::parse(&fetch(client, url).await?),
        }
    }

    /// How often the set is read where it is believed for `believed`.
    pub(super) fn interval(&self, believed: Duration) -> Duration {
        match self {
            Self::File(_) => believed.min(FILE_LOOK),
            Self::Url { .. } => believed,
        }
    }

    /// The file, where it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Url { .. } => None,
        }
    }
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    // The URL may hold a secret; the log does not need it.
    let cannot = |error: reqwest::Error| format!("cannot be fetched: {}", error.without_url());
    let mut response = client.get(url).send().await.map_err(cannot)?;
    if !response.status().is_success() {
        return Err(format!("cannot be fetched: answered {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(cannot)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(format!("is larger than {MAX_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
