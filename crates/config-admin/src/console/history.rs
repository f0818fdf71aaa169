//! The line of versions of an environment, and the audit log's chain, as anybody may look at them.

use bellwether_core::change::TrialReport;
use bellwether_settings::Environment;
use bellwether_store::StoredVersion;
use bellwether_store::console::{AuditError, Verified, verify_audit};

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
        Ok(parts.database.history_before(parts.name(), before, limit).await?)
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

    /// Whether the chain of the audit log holds. It is read whole for that, by one at a time: others wait.
    ///
    /// # Errors
    /// [`AuditError`], where it does not, or cannot be read.
    pub async fn verify_audit(&self) -> Result<Verified, AuditError> {
        let _turn = self.verification.lock().await;
        verify_audit(self.database()).await
    }

    pub(super) fn looked_after(&self, environment: Environment) -> Result<&EnvironmentParts, ConsoleError> {
        let parts = self.environment(environment);
        parts.ok_or_else(|| {
            ConsoleError::NotFound("the console looks after `stage` and `prod` only".to_owned())
        })
    }
}
