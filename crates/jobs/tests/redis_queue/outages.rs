//! A Redis that hangs, or restarts with its data or without. Workers are never started anew by hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bellwether_jobs::{Handled, JobQueue, Ticket, Work};
use bellwether_testkit::redis::{Kept, RedisProcess};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::suite::{Running, due, start, tickets, until_empty};
use crate::{reach, suite};

/// Takes deliveries until each wanted ticket has come, and counts them.
async fn all_of(
    running: &mut Running,
    wanted: impl IntoIterator<Item = &Ticket>,
    seen: &mut HashMap<Ticket, u32>,
) {
    for ticket in wanted {
        while !seen.contains_key(ticket) {
            *seen.entry(running.next().await.0).or_default() += 1;
        }
    }
}

/// Pushes once Redis takes it.
async fn push(queue: &Arc<dyn JobQueue>, tickets: &[Ticket]) {
    let begun = Instant::now();
    while let Err(error) = queue.push(&due(tickets)).await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a handler does")]
fn slowly(_: Ticket) -> Option<Handled> {
    std::thread::sleep(Duration::from_millis(2));
    Some(Handled::Finished)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_its_data_loses_no_ticket() {
    let mut redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let wanted = tickets(4_000);
    queue.push(&due(&wanted)).await.unwrap();
    let mut running = start(reach(&redis).await, 4, slowly);
    let mut seen: HashMap<Ticket, u32> = HashMap::new();
    for _ in 0..200 {
        *seen.entry(running.next().await.0).or_default() += 1;
    }
    redis.restart(Kept::Data);
    let later = tickets(100);
    push(&queue, &later).await;
    let begun = Instant::now();
    all_of(&mut running, wanted.iter().chain(&later), &mut seen).await;
    println!("after a restart the last ticket came within {:?}", begun.elapsed());
    until_empty(&queue).await;
    running.stop().await;
    // What was in flight may come again: its row turns it away.
    assert!(seen.values().all(|times| *times <= 2));
    assert_eq!(queue.depth().await.unwrap().taken, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_without_its_data_is_a_queue_that_works() {
    let mut redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let wanted = tickets(50);
    let mut running = start(reach(&redis).await, 4, |_| Some(Handled::Finished));
    queue.push(&due(&wanted)).await.unwrap();
    let mut seen = HashMap::new();
    all_of(&mut running, &wanted, &mut seen).await;
    redis.restart(Kept::Nothing);
    let later = tickets(50);
    push(&queue, &later).await;
    let begun = Instant::now();
    all_of(&mut running, &later, &mut seen).await;
    println!("after a restart without data tickets came within {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(10));
    until_empty(&queue).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_for_ten_seconds_loses_no_ticket() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let wanted = tickets(3_000);
    queue.push(&due(&wanted)).await.unwrap();
    let mut running = start(reach(&redis).await, 4, slowly);
    let mut seen: HashMap<Ticket, u32> = HashMap::new();
    for _ in 0..200 {
        *seen.entry(running.next().await.0).or_default() += 1;
    }
    redis.stop_process();
    let begun = Instant::now();
    assert!(queue.push(&due(&tickets(2_000))).await.is_err(), "it does not take tickets");
    println!("a push to a Redis that hangs fails after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(2));
    tokio::time::sleep(Duration::from_secs(10)).await;
    redis.continue_process();
    let begun = Instant::now();
    all_of(&mut running, &wanted, &mut seen).await;
    println!("all had come {:?} after it went on", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(20));
    until_empty(&queue).await;
    running.stop().await;
    let twice = seen.values().filter(|times| **times > 1).count();
    println!("{twice} of 3000 came twice");
    assert!(twice <= 8, "only what was in flight may come again: {twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_in_flight_outlives_its_workers_redis() {
    let mut redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let gate = Arc::new(AtomicBool::new(false));
    let opened = gate.clone();
    let mut running = start(reach(&redis).await, 1, move |_| {
        while !opened.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(Handled::Finished)
    });
    queue.push(&due(&tickets(1))).await.unwrap();
    running.next().await;
    redis.restart(Kept::Data);
    // By now the worker lives its second life.
    tokio::time::sleep(Duration::from_secs(2)).await;
    gate.store(true, Ordering::SeqCst);
    until_empty(&queue).await;
    let again = timeout(Duration::from_secs(10), running.deliveries.recv()).await;
    assert!(again.is_err(), "it was told to be finished by the life before: {again:?}");
    running.stop().await;
}

struct Idle;

#[async_trait::async_trait]
impl bellwether_jobs::JobHandler for Idle {
    async fn handle(&self, _: Ticket) -> Handled {
        Handled::Finished
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_whose_redis_is_away_fails_and_never_ends_quietly() {
    let mut redis = RedisProcess::start();
    let queue = reach(&redis).await;
    redis.kill();
    let begun = Instant::now();
    assert!(queue.push(&due(&tickets(1))).await.is_err());
    assert!(queue.depth().await.is_err());
    assert!(queue.tidy().await.is_err());
    let work = Work::new(Arc::new(Idle), 1, CancellationToken::new());
    assert!(queue.run(&suite::name(), work).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_end_redis_lost_comes_again_though_its_worker_lives() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let mut running = start(queue.clone(), 2, |_| Some(Handled::Finished));
    let ticket = tickets(1)[0];
    queue.push(&due(&[ticket])).await.unwrap();
    running.next().await;
    until_empty(&queue).await;
    // As a restart leaves it that lost the last moments.
    let worker = redis.cli(&["zrange", "{bellwether:emails}:workers", "0", "-1"]);
    let text = serde_json::to_string(&ticket).unwrap();
    redis.cli(&["hset", "{bellwether:emails}:tickets", &ticket.key(), &text]);
    redis.cli(&["sadd", &format!("{{bellwether:emails}}:held:{worker}"), &ticket.key()]);
    assert_eq!(running.next().await.0, ticket);
    until_empty(&queue).await;
    running.stop().await;
}
