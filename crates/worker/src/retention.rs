//! Lets go of what has been kept long enough, and makes room for the days to come: the log, the archive.

use std::sync::Arc;
use std::time::Duration;

use bellwether_store::archive::{ArchiveStore, delete_days_before, prune};
use bellwether_store::{Clock, SharedDatabase};
use chrono::{Days, NaiveDate};
use tokio_util::sync::CancellationToken;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(3600);

/// What is kept for how long; none is kept for ever.
pub(crate) struct Retention {
    pub(crate) database: SharedDatabase,
    pub(crate) archive: Option<Arc<dyn ArchiveStore>>,
    pub(crate) environment: String,
    pub(crate) log_days: Option<u32>,
    pub(crate) archive_days: Option<u32>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Retention {
    /// Runs until `stop` is cancelled. Many workers may do the same at once: each step is done once, or harmless
    /// twice. What fails is tried again in the next round.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        loop {
            if stop.run_until_cancelled(self.round()).await.is_none() {
                return;
            }
            if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    async fn round(&self) {
        if let Err(error) = self.database.prepare_days(self.clock.now()).await {
            tracing::warn!(%error, "the log's coming days cannot be prepared for now");
        }
        if let Some(before) = self.day(self.log_days) {
            let pruned = prune(self.database.as_ref(), self.archive.as_deref(), before, &|_, _| {}).await;
            match pruned {
                Ok(pruned) if pruned.dropped > 0 => {
                    tracing::info!(%before, dropped = pruned.dropped, "predictions left the log");
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the log cannot be pruned for now"),
            }
        }
        if let (Some(before), Some(archive)) = (self.day(self.archive_days), &self.archive) {
            match delete_days_before(archive.as_ref(), &self.environment, before, &|_| {}).await {
                Ok(0) => {}
                Ok(objects) => tracing::info!(%before, objects, "objects left the archive"),
                Err(error) => tracing::error!(%error, "the archive's old days cannot be deleted for now"),
            }
        }
    }

    /// The first day that is kept.
    fn day(&self, kept: Option<u32>) -> Option<NaiveDate> {
        self.clock.now().date_naive().checked_sub_days(Days::new(kept?.into()))
    }
}
