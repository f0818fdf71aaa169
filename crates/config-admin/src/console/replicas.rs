//! Forgetting replicas that ended without saying so: each stays expected until somebody says that it is gone, and one
//! that is expected for ever lets no version be done.

use bellwether_settings::Environment;
use bellwether_store::console::NewAuditEntry;
use bellwether_store::{ReplicaReport, Role};
use chrono::TimeDelta;
use serde_json::json;

use super::change::Unwritten;
use super::{Actor, Console, SYSTEM};
use crate::ConsoleError;
use crate::environment::EnvironmentParts;

/// Who has been silent for so long, and owes no records, is gone.
const GONE: TimeDelta = TimeDelta::hours(24);

impl Console {
    /// Forgets a replica that is silent. It is known again as soon as it reports. For approvers.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`]; [`ConsoleError::State`] for one that reports.
    pub async fn forget_replica(
        &self,
        actor: &Actor,
        environment: Environment,
        name: &str,
    ) -> Result<(), ConsoleError> {
        actor.must_be(Role::Approver, "forget a replica")?;
        let parts = self.looked_after(environment)?;
        let census = self.census(parts).await?;
        let report = census.reports().iter().find(|report| report.replica == name);
        let report = report.ok_or_else(|| {
            ConsoleError::NotFound(format!("`{}` has no replica of that name", environment.as_str()))
        })?;
        if !census.is_silent(report) {
            return Err(ConsoleError::State(
                "it still reports: only a replica that is silent is forgotten".to_owned(),
            ));
        }
        self.forget(actor.to_string(), parts, report).await
    }

    /// Forgets replicas of both environments that have been silent for a day and have handed on all that they
    /// answered; answers how many. An environment that cannot be asked is left for later.
    pub(crate) async fn forget_the_gone(&self) -> usize {
        let mut forgotten = 0;
        for parts in [self.stage(), self.prod()] {
            match self.forget_the_gone_of(parts).await {
                Ok(count) => forgotten += count,
                Err(error) => {
                    let environment = parts.name();
                    tracing::warn!(%error, environment, "replicas that are gone cannot be forgotten now");
                }
            }
        }
        forgotten
    }

    async fn forget_the_gone_of(&self, parts: &EnvironmentParts) -> Result<usize, ConsoleError> {
        let census = self.census(parts).await?;
        let is_gone =
            |report: &&ReplicaReport| census.silence(report) > GONE && report.journal_oldest_at.is_none();
        let gone: Vec<_> = census.reports().iter().filter(is_gone).collect();
        for report in &gone {
            self.forget(SYSTEM.to_owned(), parts, report).await?;
        }
        Ok(gone.len())
    }

    /// The line in the audit log first: the replicas of staging are in another database.
    async fn forget(
        &self,
        actor: String,
        parts: &EnvironmentParts,
        report: &ReplicaReport,
    ) -> Result<(), ConsoleError> {
        let detail = json!({
            "environment": parts.name(),
            "version": report.version,
            "heard_at": report.at,
            "journal_oldest_at": report.journal_oldest_at,
        });
        let line = NewAuditEntry {
            at: self.now(),
            actor,
            action: "replica.forgotten".to_owned(),
            subject: format!("replica {}", report.replica),
            detail,
        };
        match self.write(line, Vec::new(), false).await {
            Ok(_) => {}
            Err(Unwritten::Conflict(what)) => return Err(ConsoleError::Overtaken(what)),
            Err(Unwritten::Unsure) => {
                let why = "the database went away before the replica was forgotten: try again";
                return Err(ConsoleError::Unsure(why.to_owned()));
            }
            Err(Unwritten::Store(error)) => return Err(error.into()),
        }
        parts.database.forget(parts.name(), &report.replica).await?;
        self.bells().rollouts.notify_one();
        Ok(())
    }
}
