//! The last config version that was good, in a file of its own.

use std::io;
use std::path::PathBuf;

use bellwether_core::config::ConfigVersion;

/// The file, written whole or not at all.
pub(super) struct LastGood {
    path: PathBuf,
}

impl LastGood {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The version kept, if it is one of this environment.
    pub(super) fn read(&self, environment: &str) -> io::Result<Option<ConfigVersion>> {
        let text = match std::fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let version: ConfigVersion = serde_json::from_slice(&text)?;
        Ok((version.environment == environment).then_some(version))
    }

    /// Keeps a version: beside its place first, then in it.
    pub(super) async fn write(&self, version: &ConfigVersion) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        tokio::fs::write(&beside, serde_json::to_vec_pretty(version)?).await?;
        tokio::fs::rename(&beside, &self.path).await
    }
}
