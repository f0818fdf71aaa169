//! How far a rollout has come, for whoever looks at it.

use bellwether_core::change::{Proposal, ProposalState};

use super::standing::Standing;
use crate::ConsoleError;
use crate::console::{Console, RolloutProgress};

impl Console {
    /// How far a proposal's rollout has come: the replicas against its version, and what is watched.
    ///
    /// # Errors
    /// [`ConsoleError::State`] for one that was never promoted.
    pub async fn rollout_progress(&self, proposal: &Proposal) -> Result<RolloutProgress, ConsoleError> {
        let Some(rollout) = &proposal.rollout else {
            return Err(ConsoleError::State("it has not been promoted".to_owned()));
        };
        let census = self.census(self.prod()).await?;
        let standing = Standing::of(rollout, &census, &self.evidence());
        let goes_on = proposal.state == ProposalState::RollingOut;
        let mut hindrances = if goes_on { standing.hindrances } else { Vec::new() };
        if goes_on && !standing.exceeded.is_empty() {
            hindrances.extend(self.cannot_roll_back(rollout.previous).await?);
        }
        let left = rollout.synced_at.zip(rollout.bake_seconds).filter(|_| goes_on).map(|(since, seconds)| {
            let gone = (census.now() - since).num_seconds().max(0).unsigned_abs();
            seconds.saturating_sub(gone)
        });
        Ok(RolloutProgress {
            synced: standing.synced,
            expected: standing.replicas.len(),
            replicas: standing.replicas,
            hindrances,
            bake_seconds_left: left,
            traffic: standing.traffic,
            exceeded: if goes_on { standing.exceeded } else { Vec::new() },
        })
    }

    /// Why what was live before cannot be brought back by itself, where it cannot.
    async fn cannot_roll_back(&self, previous: u64) -> Result<Option<String>, ConsoleError> {
        let version = self.database().version(self.prod().name(), previous).await?;
        let is_document = version.is_some_and(|version| version.document.is_ok());
        Ok((!is_document).then(|| {
            format!(
                "it exceeds its limits and cannot be rolled back by itself: version {previous} is no config that \
                 could be live"
            )
        }))
    }
}
