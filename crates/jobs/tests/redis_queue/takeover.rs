//! Workers that die.

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use bellwether_jobs::Handled;
use bellwether_store::redis::RedisOptions;
use bellwether_testkit::redis::RedisProcess;
use bellwether_testkit::wait;
use tokio::time::Instant;

use crate::suite::{due, start, tickets, until_empty};
use crate::{reach, reach_at};

/// Set for the process that [`a_worker_to_be_killed`] is: the URL.
const VICTIM: &str = "BELLWETHER_TEST_VICTIM";

/// No test by itself: the process that another test starts and kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_to_be_killed() {
    let Ok(url) = std::env::var(VICTIM) else { return };
    let _running = start(reach_at(&url, RedisOptions::default()).await, 3, |_| None);
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_held_is_taken_over_within_fifteen_seconds_and_only_that() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    // A bystander holds tickets all the while.
    let bystanders: HashSet<_> = tickets(2).into_iter().collect();
    queue.push(&due(&bystanders.iter().copied().collect::<Vec<_>>())).await.unwrap();
    let mut bystander = start(reach(&redis).await, 2, |_| None);
    bystander.next().await;
    bystander.next().await;

    let lost = tickets(3);
    queue.push(&due(&lost)).await.unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "takeover::a_worker_to_be_killed"])
        .env(VICTIM, redis.url())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait::until("the victim holds three", Duration::from_secs(30), async || {
        queue.depth().await.unwrap().taken == 5
    })
    .await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    let killed = Instant::now();

    let mut heir = start(reach(&redis).await, 3, |_| Some(Handled::Finished));
    let mut inherited = HashSet::new();
    for _ in 0..3 {
        inherited.insert(heir.next().await.0);
    }
    println!("taken over {:?} after kill -9", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(15), "{:?}", killed.elapsed());
    assert_eq!(inherited, lost.into_iter().collect());
    assert!(heir.deliveries.try_recv().is_err(), "the living keep theirs");
    heir.stop().await;
    assert_eq!(queue.depth().await.unwrap().taken, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tidying_hands_out_what_the_dead_held_where_no_worker_is_left() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    queue.push(&due(&tickets(2))).await.unwrap();
    let doomed = reach(&redis).await;
    tokio::spawn(async move {
        let mut running = start(doomed, 2, |_| None);
        running.next().await;
        running.next().await;
        running.die();
    })
    .await
    .unwrap();
    wait::until("the dead are found", Duration::from_secs(15), async || {
        queue.tidy().await.unwrap();
        queue.depth().await.unwrap().waiting == 2
    })
    .await;
    assert_eq!(redis.cli(&["exists", "{bellwether:emails}:workers"]), "0");
    let running = start(queue.clone(), 2, |_| Some(Handled::Finished));
    until_empty(&queue).await;
    running.stop().await;
}
