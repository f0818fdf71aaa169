//! `kill -9` of the api and of the worker, ten times each, under load, on MySQL and Redis.

use std::time::Duration;

use bellwether_core::config::EmailPolicy;
use rand::RngExt as _;

use crate::world::{Emailed, World, load};

fn a_moment() -> Duration {
    Duration::from_millis(rand::rng().random_range(200..1_500))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_of_the_api_lose_no_answer_and_no_email() {
    let world = World::new(EmailPolicy::All).await;
    let _worker = world.worker().start().await;
    let builder = world.api("api-0");
    let mut answered = bellwether_testkit::load::Met::default();
    for _ in 0..10 {
        let api = builder.start().await;
        let load = load(&[&api]);
        tokio::time::sleep(a_moment()).await;
        api.kill();
        let met = load.stop().await;
        answered.answered.extend(met.answered);
    }
    println!("api killed ten times: {} answered", answered.answered.len());
    assert!(answered.answered.len() > 100, "the load was too small to prove anything");
    let _api = builder.start().await;
    world.nothing_is_lost(&answered, Emailed::Once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_of_the_worker_lose_no_email() {
    let world = World::new(EmailPolicy::All).await;
    let api = world.api("api-0").start().await;
    let builder = world.worker();
    let load = load(&[&api]);
    for _ in 0..10 {
        let worker = builder.start().await;
        tokio::time::sleep(a_moment()).await;
        worker.kill();
    }
    let met = load.stop().await;
    println!("worker killed ten times: {} answered", met.answered.len());
    assert_eq!(met.failures(), [""; 0]);
    let _worker = builder.start().await;
    world.nothing_is_lost(&met, Emailed::OnceOrTwice).await;
}
