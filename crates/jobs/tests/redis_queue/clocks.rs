//! Clocks that are wrong by an hour, and that jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bellwether_jobs::redis::RedisQueue;
use bellwether_jobs::{Entry, Handled, JobQueue, Ticket};
use bellwether_store::redis::{RedisOptions, RedisServer};
use bellwether_store::{Clock, LoginDetails};
use bellwether_testkit::redis::RedisProcess;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::suite::{due, start, tickets};

/// A clock that is off by so many seconds.
struct Off(AtomicI64);

impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}

async fn reach_with(redis: &RedisProcess, clock: Arc<dyn Clock>) -> Arc<dyn JobQueue> {
    let login = Arc::new(LoginDetails::of_url(redis.url()));
    let server = RedisServer::connect(login, RedisOptions::default()).await.unwrap();
    Arc::new(RedisQueue::new(server, clock))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_off_delays_no_ticket_and_hurries_none() {
    let redis = RedisProcess::start();
    let mut workers =
        start(reach_with(&redis, Arc::new(Off(0.into()))).await, 4, |_| Some(Handled::Finished));
    for off in [3_600, -3_600] {
        let clock = Arc::new(Off(off.into()));
        let queue = reach_with(&redis, clock.clone()).await;
        let begun = Utc::now();
        let ticket = Ticket::new(Uuid::now_v7(), 0);
        queue.push(&[Entry::at(ticket, clock.now() + TimeDelta::seconds(1))]).await.unwrap();
        let waited = workers.next().await.1 - begun;
        assert!(waited >= TimeDelta::seconds(1) && waited < TimeDelta::seconds(2), "{waited}");
    }
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workers_clock_that_jumps_costs_nobody_a_ticket() {
    let redis = RedisProcess::start();
    let clock = Arc::new(Off(0.into()));
    let queue = reach_with(&redis, clock.clone()).await;
    queue.push(&due(&tickets(4))).await.unwrap();
    let mut busy = start(queue.clone(), 4, |_| None);
    for _ in 0..4 {
        busy.next().await;
    }
    let mut idle = start(queue.clone(), 4, |_| Some(Handled::Finished));
    for off in [3_600, -3_600] {
        clock.0.store(off, Ordering::SeqCst);
        let taken_over = tokio::time::timeout(Duration::from_secs(3), idle.deliveries.recv()).await;
        assert!(taken_over.is_err(), "{taken_over:?}");
    }
    assert_eq!(queue.depth().await.unwrap().taken, 4);
    idle.stop().await;
}
