//! Workers that come and go under load.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bellwether_jobs::{Handled, Ticket};
use bellwether_testkit::redis::RedisProcess;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Mutex;

use crate::reach;
use crate::suite::{due, start, tickets, until_empty};

/// Tickets in all, pushed while the workers come and go.
const TICKETS: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn five_workers_started_and_stopped_at_random_lose_nothing_and_do_nothing_twice() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let seen: Arc<Mutex<HashMap<Ticket, u32>>> = Arc::default();
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut workers = Vec::new();
    for number in 0..5_u64 {
        let (queue, seen, done) = (reach(&redis).await, seen.clone(), done.clone());
        workers.push(tokio::spawn(async move {
            let mut chance = StdRng::seed_from_u64(number);
            let mut lives = 0;
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                let mut running = start(queue.clone(), 1 + usize::try_from(number).unwrap(), |_| {
                    std::thread::sleep(Duration::from_micros(500));
                    Some(Handled::Finished)
                });
                tokio::time::sleep(Duration::from_millis(chance.random_range(20..600))).await;
                let mut deliveries = running.take_deliveries();
                running.stop().await;
                lives += 1;
                let mut seen = seen.lock().await;
                while let Ok((ticket, _)) = deliveries.try_recv() {
                    *seen.entry(ticket).or_default() += 1;
                }
            }
            lives
        }));
    }
    let wanted = tickets(TICKETS);
    for batch in wanted.chunks(500) {
        queue.push(&due(batch)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until_empty(&queue).await;
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut lives = 0;
    for worker in workers {
        lives += worker.await.unwrap();
    }
    let seen = seen.lock().await;
    println!("{TICKETS} tickets over {lives} lives of 5 workers");
    assert!(lives > 25, "{lives}");
    assert_eq!(seen.len(), TICKETS);
    assert!(seen.values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_workers_are_killed_only_what_they_held_comes_twice() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let wanted = tickets(5_000);
    queue.push(&due(&wanted)).await.unwrap();
    let mut seen: HashMap<Ticket, u32> = HashMap::new();
    let mut killed = 0;
    for _ in 0..5 {
        let mut doomed = start(reach(&redis).await, 4, |_| {
            std::thread::sleep(Duration::from_millis(1));
            Some(Handled::Finished)
        });
        for _ in 0..300 {
            *seen.entry(doomed.next().await.0).or_default() += 1;
        }
        let mut deliveries = doomed.take_deliveries();
        doomed.die();
        tokio::time::sleep(Duration::from_millis(200)).await;
        while let Ok((ticket, _)) = deliveries.try_recv() {
            *seen.entry(ticket).or_default() += 1;
        }
        killed += 4;
    }
    let mut survivor = start(reach(&redis).await, 16, |_| Some(Handled::Finished));
    while seen.len() < wanted.len() {
        *seen.entry(survivor.next().await.0).or_default() += 1;
    }
    until_empty(&queue).await;
    let mut deliveries = survivor.take_deliveries();
    survivor.stop().await;
    while let Ok((ticket, _)) = deliveries.try_recv() {
        *seen.entry(ticket).or_default() += 1;
    }
    let twice = seen.values().filter(|times| **times > 1).count();
    println!("{twice} of 5000 came twice over 5 workers killed with 4 hands each");
    assert!(twice <= killed, "{twice}");
}
