//! The line of versions of an environment, as anybody may look at it.

use bellwether_core::change::TrialReport;
use bellwether_settings::Environment;
use bellwether_store::StoredVersion;

use super::{Console, MAX_PAGE};
use crate::ConsoleError;
use crate::environment::EnvironmentParts;

impl Console {
    /// Up to `limit` (200 at most) versions before `before`, newest first.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] for `local`.
    pub async fn history(
        &self,
        environment: Environment,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<StoredVersion>, ConsoleError> {
        let (parts, limit) = (self.looked_after(environment)?, limit.min(MAX_PAGE));
        let Some(before) = before else {
            return Ok(parts.database.history(parts.name(), limit).await?);
        };
        let newest = parts.live().await?.map_or(0, |live| live.version);
        let mut versions = Vec::new();
        // Versions are numbered without gaps, so that a page is as many look-ups by key as it has lines.
        for version in (1..before.min(newest + 1)).rev().take(limit as usize) {
            versions.extend(parts.database.version(parts.name(), version).await?);
        }
        Ok(versions)
    }

    /// One version, and the report of the trial that let it through; none where it came another way.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`].
    pub async fn version(
        &self,
        environment: Environment,
        version: u64,
    ) -> Result<(StoredVersion, Option<TrialReport>), ConsoleError> {
        let parts = self.looked_after(environment)?;
        let found = parts.database.version(parts.name(), version).await?;
        let found = found.ok_or_else(|| ConsoleError::NotFound(format!("there is no version {version}")))?;
        let report = parts.database.stage_report(parts.name(), version).await?;
        Ok((found, report))
    }

    pub(super) fn looked_after(&self, environment: Environment) -> Result<&EnvironmentParts, ConsoleError> {
        let parts = self.environment(environment);
        parts.ok_or_else(|| {
            ConsoleError::NotFound("the console looks after `stage` and `prod` only".to_owned())
        })
    }
}
