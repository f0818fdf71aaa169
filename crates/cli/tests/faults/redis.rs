//! Redis is killed, hangs, or comes back empty: no request fails, sightings are null meanwhile, and every
//! email goes out.

use std::time::Instant;

use bellwether_core::config::EmailPolicy;
use bellwether_testkit::load::Met;
use bellwether_testkit::redis::Kept;

use crate::figures::{Outage, tell};
use crate::world::{Emailed, World, flows, load, outage};

/// A few calls may spend their budget, 25 ms, before the breaker opens.
const SPENT: usize = 20;

fn check(what: &str, met: &Met, during: Outage) {
    let budget = std::time::Duration::from_millis(500);
    let slow = tell(what, met, during, budget);
    assert_eq!(met.failures(), [""; 0], "no request fails");
    assert!(slow <= SPENT, "{slow} calls waited");
    let calls = met.between(during.began + std::time::Duration::from_secs(1), during.ended);
    assert!(calls.iter().all(|call| call.seen == Some(false)), "sightings are null while Redis is away");
    let last = met.calls.last().expect("calls were made");
    assert_eq!(last.seen, Some(true), "and are told again once it is back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back_with_its_data_costs_no_request_and_no_email() {
    killed(Kept::Data).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_empty_costs_no_request_and_no_email() {
    killed(Kept::Nothing).await;
}

async fn killed(kept: Kept) {
    let mut world = World::new(EmailPolicy::All).await;
    let (api, _worker) = world.services().await;
    let load = load(&[&api]);
    flows(&load, 100).await;
    let began = Instant::now();
    world.redis.kill();
    tokio::time::sleep(outage()).await;
    world.redis.restart(kept);
    let ended = Instant::now();
    flows(&load, 200).await;
    let met = load.stop().await;
    check(&format!("Redis killed, restarted with {kept:?}"), &met, Outage { began, ended });
    world.nothing_is_lost(&met, Emailed::Once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_costs_a_few_calls_their_budget_and_no_email() {
    let world = World::new(EmailPolicy::All).await;
    let (api, _worker) = world.services().await;
    let load = load(&[&api]);
    flows(&load, 100).await;
    let began = Instant::now();
    world.redis.stop_process();
    tokio::time::sleep(outage()).await;
    world.redis.continue_process();
    let ended = Instant::now();
    flows(&load, 200).await;
    let met = load.stop().await;
    check("Redis stopped", &met, Outage { began, ended });
    world.nothing_is_lost(&met, Emailed::Once).await;
}
