//! A Redis that lost everything is filled again from the table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_core::treatment::Treatment;
use bellwether_jobs::{
    EmailOutbox, Handled, JobHandler, PAYLOAD_SCHEMA, Refill, SendPredictionEmail, Ticket, Work, supervise,
    thread_chance,
};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{Database as _, EmailClaim, EmailJobs as _, SystemClock};
use bellwether_testkit::redis::{Kept, RedisProcess};
use bellwether_testkit::wait;
use chrono::{TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::reach;

/// Sends by writing down that it did.
struct Sends {
    table: Arc<Sqlite>,
    sent: AtomicU32,
}

#[async_trait]
impl JobHandler for Sends {
    async fn handle(&self, ticket: Ticket) -> Handled {
        let now = Utc::now();
        let claim = self.table.claim(ticket.uid, ticket.turn, now, now + TimeDelta::minutes(1)).await;
        if matches!(claim, Ok(EmailClaim::Granted(_))) {
            self.sent.fetch_add(1, Ordering::SeqCst);
            self.table.record_sent(ticket.uid, now).await.unwrap();
        }
        Handled::Finished
    }
}

fn email() -> SendPredictionEmail {
    SendPredictionEmail {
        schema: PAYLOAD_SCHEMA,
        uid: Uuid::now_v7(),
        recipients: Vec::new(),
        client_id: None,
        prediction: Some(0.8731),
        high_risk: Some("yes".to_owned()),
        ltv: 1234.5,
        treatment: Treatment::Model,
        model: Some("random_forest_1".to_owned()),
        config_version: 7,
        environment: "local".to_owned(),
        answered_at: Utc::now(),
        dedupe_key: None,
        trace: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_empty_loses_no_job_and_sends_none_twice() {
    let mut redis = RedisProcess::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.db");
    let table = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    table.migrate().await.unwrap();
    let table = Arc::new(table);
    let queue = reach(&redis).await;
    let clock = Arc::new(SystemClock);
    let outbox = EmailOutbox::new(table.clone(), queue.clone(), clock.clone());
    let emails: Vec<_> = (0..1_000).map(|_| email()).collect();
    outbox.order(&emails).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().waiting, 1_000);

    let stop = CancellationToken::new();
    let refill = Refill::new(outbox.clone(), clock, thread_chance());
    let sends = Arc::new(Sends { table: table.clone(), sent: AtomicU32::new(0) });
    let work = Work::new(sends.clone(), 4, stop.clone());
    let grace = Duration::from_secs(10);
    let workers = {
        let (queue, stop) = (reach(&redis).await, stop.clone());
        tokio::spawn(async move { tokio::join!(supervise(queue, "test", work, grace), refill.run(stop)) })
    };
    let sent = async |count: u32| {
        let begun = tokio::time::Instant::now();
        while sends.sent.load(Ordering::SeqCst) < count {
            assert!(begun.elapsed() < Duration::from_secs(60), "{} sent", sends.sent.load(Ordering::SeqCst));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    sent(100).await;
    redis.restart(Kept::Nothing);
    // These are ordered while it may still be away.
    outbox.order(&(0..100).map(|_| email()).collect::<Vec<_>>()).await.unwrap();
    sent(1_100).await;
    wait::until("all are recorded", Duration::from_secs(20), async || {
        table.counts().await.unwrap().sent == 1_100
    })
    .await;
    stop.cancel();
    workers.await.unwrap().0.unwrap();
    assert_eq!(sends.sent.load(Ordering::SeqCst), 1_100, "each once");
}
