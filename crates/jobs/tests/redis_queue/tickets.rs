//! What comes of single tickets, beyond the suite.

use std::sync::Arc;
use std::time::Duration;

use bellwether_jobs::{Entry, Handled, Ticket};
use bellwether_testkit::redis::RedisProcess;
use chrono::{TimeDelta, Utc};
use uuid::Uuid;

use crate::reach;
use crate::suite::{due, start, tickets, until_empty};

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_picks_up_soon_what_another_process_pushed() {
    let redis = RedisProcess::start();
    let (workers, api) = (reach(&redis).await, reach(&redis).await);
    let mut running = start(workers, 4, |_| Some(Handled::Finished));
    let mut longest = TimeDelta::zero();
    for round in 0..10 {
        let idle = if round == 3 { 2_500 } else { 150 };
        tokio::time::sleep(Duration::from_millis(idle)).await;
        let pushed = Utc::now();
        api.push(&due(&tickets(1))).await.unwrap();
        longest = longest.max(running.next().await.1 - pushed);
    }
    println!("idle pick-up across processes: {} ms at most", longest.num_milliseconds());
    assert!(longest < TimeDelta::milliseconds(250), "{longest}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delays_finer_than_a_second_are_kept() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let mut running = start(queue.clone(), 4, |_| Some(Handled::Finished));
    let begun = Utc::now();
    let delays = [900, 300, 600];
    let at =
        |delay| Entry::at(Ticket::new(Uuid::now_v7(), delay), begun + TimeDelta::milliseconds(delay.into()));
    queue.push(&delays.map(at)).await.unwrap();
    for delay in [300, 600, 900] {
        let (ticket, at) = running.next().await;
        assert_eq!(ticket.turn, delay);
        let late = at - begun - TimeDelta::milliseconds(delay.into());
        assert!(late >= TimeDelta::zero() && late < TimeDelta::milliseconds(250), "{late} after {delay} ms");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_only_what_it_has_hands_for() {
    let redis = RedisProcess::start();
    let (queue, other) = (reach(&redis).await, reach(&redis).await);
    queue.push(&due(&tickets(12))).await.unwrap();
    let mut busy = start(queue.clone(), 4, |_| None);
    for _ in 0..4 {
        busy.next().await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(queue.depth().await.unwrap().taken, 4, "none is taken to wait here");
    // So another finds all the rest at once.
    let mut idle = start(other, 4, |_| Some(Handled::Finished));
    for _ in 0..8 {
        idle.next().await;
    }
    idle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_job_keeps_its_ticket_while_its_worker_lives() {
    let redis = RedisProcess::start();
    let (queue, other) = (reach(&redis).await, reach(&redis).await);
    queue.push(&due(&tickets(2))).await.unwrap();
    let mut busy = start(queue.clone(), 2, |_| None);
    busy.next().await;
    busy.next().await;
    let mut idle = start(other, 4, |_| Some(Handled::Finished));
    // Saturated for longer than a worker may be silent.
    let taken_over = tokio::time::timeout(Duration::from_secs(10), idle.deliveries.recv()).await;
    assert!(taken_over.is_err(), "{taken_over:?}");
    assert_eq!(queue.depth().await.unwrap().taken, 2);
    idle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_cannot_be_read_ends_and_the_worker_goes_on() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    for (key, text) in [("a", "no json"), ("b", "{}"), ("c", "\u{ff}\u{1}"), ("d", "[1,2")] {
        redis.cli(&["hset", "{bellwether:emails}:tickets", key, text]);
        redis.cli(&["zadd", "{bellwether:emails}:waiting", "0", key]);
    }
    let unknown = Ticket { schema: 99, ..Ticket::new(Uuid::now_v7(), 0) };
    let good = tickets(1)[0];
    queue.push(&due(&[unknown, good])).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().waiting, 6);
    let mut running = start(queue.clone(), 1, |_| Some(Handled::Finished));
    assert_eq!(running.next().await.0, good);
    until_empty(&queue).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pushes_at_once_are_quick() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    let batches: Vec<_> = (0..40).map(|_| due(&tickets(1_000))).collect();
    let begun = tokio::time::Instant::now();
    let pushes = batches.into_iter().map(|batch| {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move { queue.push(&batch).await })
    });
    let pushes: Vec<_> = pushes.collect();
    for push in pushes {
        push.await.unwrap().unwrap();
    }
    println!("40,000 tickets in batches of 1,000: {:.0} a second", 40_000.0 / begun.elapsed().as_secs_f64());
    assert_eq!(queue.depth().await.unwrap().waiting, 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_finished_tickets_and_ended_workers() {
    let redis = RedisProcess::start();
    let queue = reach(&redis).await;
    queue.push(&due(&tickets(500))).await.unwrap();
    let mut running = start(queue.clone(), 8, |_| Some(Handled::Finished));
    for _ in 0..500 {
        running.next().await;
    }
    running.stop().await;
    assert_eq!(redis.cli(&["keys", "*"]), "");
    queue.tidy().await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), bellwether_jobs::Depth::default());
}
