//! Who is at high risk now, of those whom the live config does not hold out: for the route and for the page.

use std::sync::Arc;

use bellwether_core::prediction::Snapshot;
use bellwether_store::{FlaggedCursor, FlaggedPage, FlaggedQuery, Standings, StoreError};
use chrono::{DateTime, TimeDelta, Utc};

/// Lists clients at risk.
#[derive(Clone)]
pub(crate) struct FlaggedClients {
    /// Where clients stand.
    pub standings: Arc<dyn Standings>,
    /// Those are left out whose newest prediction is older.
    pub max_age: TimeDelta,
}

impl FlaggedClients {
    /// Up to `limit` clients behind `after`, the largest lifetime value at risk first. A page may hold fewer although
    /// others follow; `next` tells.
    ///
    /// # Errors
    /// [`StoreError`] where the database is away.
    pub(crate) async fn page(
        &self,
        live: &Snapshot,
        now: DateTime<Utc>,
        after: Option<FlaggedCursor>,
        limit: usize,
    ) -> Result<FlaggedPage, StoreError> {
        let since = now.checked_sub_signed(self.max_age).unwrap_or(DateTime::UNIX_EPOCH);
        let query = FlaggedQuery { config: &live.config.document, since };
        query.page(self.standings.as_ref(), after, limit).await
    }
}
