//! The daily list of clients at high risk: whom it holds, and when it is due. What it says belongs to `email`, how it is
//! sent to the job.

use std::sync::Arc;
use std::time::Duration;

use bellwether_jobs::{DigestError, EmailOutbox, SendFlaggedDigest, order_flagged_digest};
use bellwether_store::{Clock, ConfigStore, FlaggedQuery, Standings};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::email::DigestContent;

/// How many clients a digest lists.
const TOP: usize = 50;
/// Between two looks at the clock.
const PAUSE: Duration = Duration::from_secs(20);

/// Says whom a digest lists, at the moment that it is sent.
#[derive(Clone)]
pub struct DigestSource {
    /// Where clients stand.
    pub standings: Arc<dyn Standings>,
    /// Says whom the live config holds out.
    pub configs: Arc<dyn ConfigStore>,
    /// Those are left out whose newest prediction is older.
    pub max_age: TimeDelta,
    /// What the address of the api's pages begins with; none is linked where there is none.
    pub public_url: Option<String>,
}

impl DigestSource {
    /// What a digest says now.
    ///
    /// # Errors
    /// [`DigestError`], where the database is away or the live config cannot be read.
    pub async fn content(
        &self,
        digest: &SendFlaggedDigest,
        now: DateTime<Utc>,
    ) -> Result<DigestContent, DigestError> {
        let live = self.configs.live(&digest.environment).await?;
        let live = live.ok_or_else(|| DigestError::Config("none is live".to_owned()))?;
        let live = live.readable().map_err(|error| DigestError::Config(error.to_string()))?;
        let since = now.checked_sub_signed(self.max_age).unwrap_or(DateTime::UNIX_EPOCH);
        let query = FlaggedQuery { config: &live.document, since };
        let summary = query.summary(self.standings.as_ref(), TOP).await?;
        let link = self
            .public_url
            .as_ref()
            .map(|url| format!("{}/model_interface/flagged", url.trim_end_matches('/')));
        Ok(DigestContent::of(&digest.environment, digest.day, &summary, link))
    }
}

/// Orders each day's digest when it is due.
#[derive(Clone)]
pub struct DigestSchedule {
    /// From when on it is due, each day in UTC.
    pub at: NaiveTime,
    /// Of which environment.
    pub environment: String,
    /// Says to whom it goes.
    pub configs: Arc<dyn ConfigStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl DigestSchedule {
    /// Runs until `stop` is cancelled. Every worker does the same: of a day's digests the first is taken. A day on
    /// which no worker ran, or no database answered, from its time on until midnight has none.
    pub(crate) async fn run(&self, outbox: &EmailOutbox, stop: CancellationToken) {
        let mut ordered = None;
        loop {
            if let Some(day) = self.due(ordered) {
                let order =
                    order_flagged_digest(outbox, self.configs.as_ref(), &self.environment, day, false);
                match stop.run_until_cancelled(order).await {
                    None => return,
                    Some(Ok(new)) => {
                        ordered = Some(day);
                        if let Some(uid) = new {
                            tracing::info!(%uid, %day, "the digest of those at high risk is ordered");
                        }
                    }
                    Some(Err(error)) => tracing::warn!(%error, %day, "the digest cannot be ordered for now"),
                }
            }
            if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    /// The day whose digest is due, unless it was ordered already as far as this worker knows.
    fn due(&self, ordered: Option<NaiveDate>) -> Option<NaiveDate> {
        let now = self.clock.now();
        let day = now.date_naive();
        (now.time() >= self.at && ordered != Some(day)).then_some(day)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bellwether_store::sqlite::{Sqlite, SqliteOptions};

    use super::*;

    struct Fixed(DateTime<Utc>);

    impl Clock for Fixed {
        fn now(&self) -> DateTime<Utc> {
            self.0
        }
    }

    #[tokio::test]
    async fn it_is_due_once_a_day_from_its_time_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
        let configs: Arc<dyn ConfigStore> = Arc::new(store);
        let due = |now: &str, ordered: Option<&str>| {
            let schedule = DigestSchedule {
                at: NaiveTime::from_hms_opt(7, 0, 0).unwrap(),
                environment: "prod".to_owned(),
                configs: configs.clone(),
                clock: Arc::new(Fixed(now.parse().unwrap())),
            };
            schedule.due(ordered.map(|day| day.parse().unwrap())).map(|day| day.to_string())
        };
        assert_eq!(due("2026-11-30T06:59:59.999Z", None), None);
        assert_eq!(due("2026-11-30T07:00:00Z", None).as_deref(), Some("2026-11-30"));
        assert_eq!(due("2026-11-30T23:59:59Z", Some("2026-11-29")).as_deref(), Some("2026-11-30"), "late");
        assert_eq!(due("2026-11-30T08:00:00Z", Some("2026-11-30")), None);
        assert_eq!(due("2026-12-01T00:00:00Z", Some("2026-11-30")), None, "not before its time");
    }
}
