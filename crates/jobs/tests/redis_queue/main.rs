//! The queue in Redis, by the suite and by what only it has: other processes, and a server that fails.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[macro_use]
#[path = "../queue_suite/mod.rs"]
mod queue_suite;

mod churn;
mod clocks;
mod outages;
mod refill;
mod takeover;
mod tickets;

use std::sync::Arc;

use bellwether_jobs::JobQueue;
use bellwether_jobs::redis::RedisQueue;
use bellwether_store::redis::{RedisOptions, RedisServer};
use bellwether_store::{LoginDetails, SystemClock};
use bellwether_testkit::redis::{RedisBuilder, RedisCluster, RedisProcess};
use chrono::TimeDelta;
use queue_suite as suite;

/// A queue on a server, over connections of its own as another process has them.
async fn reach(redis: &RedisProcess) -> Arc<dyn JobQueue> {
    reach_at(
        &redis.url(),
        RedisOptions { ca_file: redis.ca_file().map(Into::into), ..RedisOptions::default() },
    )
    .await
}

async fn reach_at(url: &str, options: RedisOptions) -> Arc<dyn JobQueue> {
    let login = Arc::new(LoginDetails::of_url(url.to_owned()));
    let server = RedisServer::connect(login, options).await.unwrap();
    Arc::new(RedisQueue::new(server, Arc::new(SystemClock)))
}

mod standalone {
    use super::*;

    async fn queue() -> (RedisProcess, Arc<dyn JobQueue>) {
        let redis = RedisProcess::start();
        let queue = reach(&redis).await;
        (redis, queue)
    }

    suite! {
        queue,
        a_backlog_drains_each_ticket_once(100_000),
        an_idle_worker_picks_up_soon(TimeDelta::milliseconds(250)),
        a_ticket_waits_for_its_time,
        a_ticket_that_waits_or_is_held_is_not_taken_twice,
        another_turn_is_another_ticket,
        a_panic_ends_one_ticket_and_not_the_worker,
        a_ticket_put_back_can_be_pushed_again,
        a_worker_takes_no_more_than_it_can_do,
        the_tickets_of_a_dead_worker_are_taken_over,
        a_worker_stops_when_its_jobs_are_done,
        the_grace_ends_with_an_error,
    }
}

mod tls_and_password {
    use super::*;

    async fn queue() -> (RedisProcess, Arc<dyn JobQueue>) {
        let redis = RedisBuilder::default().tls().password("password").start();
        let queue = reach(&redis).await;
        (redis, queue)
    }

    suite! {
        queue,
        a_backlog_drains_each_ticket_once(5_000),
        a_ticket_waits_for_its_time,
        a_worker_stops_when_its_jobs_are_done,
    }
}

mod cluster {
    use super::*;

    async fn queue() -> (RedisCluster, Arc<dyn JobQueue>) {
        let cluster = RedisCluster::start();
        let options = RedisOptions { cluster: true, ..RedisOptions::default() };
        let queue = reach_at(&cluster.url(), options).await;
        (cluster, queue)
    }

    suite! {
        queue,
        a_backlog_drains_each_ticket_once(5_000),
        an_idle_worker_picks_up_soon(TimeDelta::milliseconds(250)),
        a_ticket_waits_for_its_time,
        a_ticket_that_waits_or_is_held_is_not_taken_twice,
        another_turn_is_another_ticket,
        a_panic_ends_one_ticket_and_not_the_worker,
        a_ticket_put_back_can_be_pushed_again,
        a_worker_takes_no_more_than_it_can_do,
        the_tickets_of_a_dead_worker_are_taken_over,
        a_worker_stops_when_its_jobs_are_done,
        the_grace_ends_with_an_error,
    }
}
