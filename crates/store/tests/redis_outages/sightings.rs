//! Sightings while Redis hangs, is away, or forgets.

use std::time::{Duration, Instant};

use bellwether_store::Sightings as _;
use bellwether_store::redis::{RedisOptions, RedisServer, RedisSightings};
use bellwether_testkit::redis::{Kept, RedisCluster, RedisProcess};
use bellwether_testkit::wait;
use chrono::Utc;

use crate::measures::Measures;
use crate::{PATIENCE, reach};

const HOUR: Duration = Duration::from_secs(3_600);
/// Slower than any call that does not wait for Redis.
const SLOW: Duration = Duration::from_millis(5);

async fn see(sightings: &RedisSightings) -> Option<u64> {
    sightings.see("c1", HOUR, Utc::now()).await
}

/// 200 calls in a row; answers how many were slow and how many told a count.
async fn calls(sightings: &RedisSightings) -> (usize, usize) {
    let (mut slow, mut counted) = (0, 0);
    for _ in 0..200 {
        let begun = Instant::now();
        counted += usize::from(see(sightings).await.is_some());
        slow += usize::from(begun.elapsed() > SLOW);
    }
    (slow, counted)
}

/// The first count that is told again.
async fn first_count(sightings: &RedisSightings) -> u64 {
    let begun = Instant::now();
    loop {
        if let Some(count) = see(sightings).await {
            return count;
        }
        assert!(begun.elapsed() < PATIENCE, "sightings are not counted again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

// On one thread, so that the measures are this test's alone.
#[tokio::test]
async fn a_hung_redis_costs_a_few_calls_the_budget_and_then_none() {
    let measures = Measures::default();
    let _told = metrics::set_default_local_recorder(&measures);
    let open = || measures.gauge("bellwether_breaker_open{name=sightings}") > 0.0;
    let outcome = |name: &str| measures.counter(&format!("bellwether_sightings_total{{outcome={name}}}"));
    let redis = RedisProcess::start();
    let sightings = RedisSightings::open(reach(&redis).await).await;
    assert_eq!(calls(&sightings).await.1, 200);
    assert!(!open());

    redis.stop_process();
    let (slow, counted) = calls(&sightings).await;
    println!("hung: {slow} of 200 calls took more than {SLOW:?}");
    assert_eq!(counted, 0);
    assert!((1..=5).contains(&slow), "{slow}");
    assert!(open());
    assert_eq!((outcome("counted"), outcome("late"), outcome("skipped")), (200, 3, 197));
    // Tries in the background cost the calls nothing.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (slow, _) = calls(&sightings).await;
    assert!(slow <= 1, "{slow}: still hung, and still asked");

    redis.continue_process();
    let continued = Instant::now();
    wait::until("sightings are counted again", PATIENCE, async || see(&sightings).await.is_some()).await;
    println!("counts are back {:?} after the server", continued.elapsed());
    assert!(continued.elapsed() < Duration::from_secs(2), "{:?}", continued.elapsed());
    assert!(!open());
    assert!(see(&sightings).await.unwrap() > 200, "what was counted before is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_lose_no_more_than_what_was_in_flight() {
    let redis = RedisProcess::start();
    let sightings = std::sync::Arc::new(RedisSightings::open(reach(&redis).await).await);
    redis.stop_process();
    let callers = (0..32).map(|_| {
        let sightings = sightings.clone();
        tokio::spawn(async move { calls(&sightings).await.0 })
    });
    let callers: Vec<_> = callers.collect();
    let mut slow = 0;
    for caller in callers {
        slow += caller.await.unwrap();
    }
    println!("hung: {slow} of 6400 calls from 32 callers took more than {SLOW:?}");
    assert!(slow <= 32 * 3, "{slow}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_or_without_data_is_healed() {
    let mut redis = RedisProcess::start();
    let sightings = RedisSightings::open(reach(&redis).await).await;
    assert_eq!(see(&sightings).await, Some(0));
    redis.restart(Kept::Data);
    assert_eq!(first_count(&sightings).await, 1);
    redis.restart(Kept::Nothing);
    assert_eq!(first_count(&sightings).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_redis_forgot_are_told_again_within_the_call() {
    let redis = RedisProcess::start();
    let sightings = RedisSightings::open(reach(&redis).await).await;
    assert_eq!(see(&sightings).await, Some(0));
    redis.cli(&["script", "flush"]);
    assert_eq!(see(&sightings).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_at_the_start_is_used_once_it_comes() {
    let mut redis = RedisProcess::start();
    redis.kill();
    let sightings = RedisSightings::open(reach(&redis).await).await;
    assert_eq!(see(&sightings).await, None);
    redis.restart(Kept::Data);
    wait::until("sightings are counted", PATIENCE, async || see(&sightings).await.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_costs_one_small_key_that_goes_with_its_window() {
    let redis = RedisProcess::start();
    let login = std::sync::Arc::new(bellwether_store::LoginDetails::of_url(redis.url()));
    let options = RedisOptions { prefix: "mine".to_owned(), ..RedisOptions::default() };
    let sightings = RedisSightings::open(RedisServer::connect(login, options).await.unwrap()).await;
    for _ in 0..5_000 {
        sightings.see("c1", Duration::from_secs(60), Utc::now()).await;
    }
    assert_eq!(redis.cli(&["keys", "*"]), "mine:seen:c1");
    let bytes: u64 = redis.cli(&["memory", "usage", "mine:seen:c1"]).parse().unwrap();
    println!("a client that is seen often costs {bytes} bytes");
    assert!(bytes < 300, "{bytes}");
    let left: i64 = redis.cli(&["pttl", "mine:seen:c1"]).parse().unwrap();
    assert!((59_000..=66_000).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_which_one_node_hangs_costs_a_few_calls_too() {
    let mut cluster = RedisCluster::start();
    let login = std::sync::Arc::new(bellwether_store::LoginDetails::of_url(cluster.url()));
    let options = RedisOptions { cluster: true, ..RedisOptions::default() };
    let sightings = RedisSightings::open(RedisServer::connect(login, options).await.unwrap()).await;
    let counted = async |client: u32| sightings.see(&client.to_string(), HOUR, Utc::now()).await.is_some();
    for client in 0..100 {
        assert!(counted(client).await);
    }
    cluster.nodes()[2].stop_process();
    let mut slow = 0;
    for client in 0..600 {
        let begun = Instant::now();
        counted(client).await;
        slow += usize::from(begun.elapsed() > SLOW);
    }
    println!("one node of three hangs: {slow} of 600 calls took more than {SLOW:?}");
    assert!((1..=8).contains(&slow), "{slow}");
    cluster.nodes()[2].continue_process();
    wait::until("sightings are counted again", PATIENCE, async || {
        let mut all = true;
        for client in 0..30 {
            all &= counted(client).await;
        }
        all
    })
    .await;
}
