//! The worker's own HTTP face: probes and metrics.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

mod world;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bellwether_testkit::http;
use bellwether_testkit::service::free_port;
use bellwether_testkit::wait::until;
use bellwether_testkit::{Reply, SmtpSink};
use bellwether_web::metrics;
use bellwether_worker::startup::{JobOptions, WorkerService};
use tokio_util::sync::CancellationToken;
use world::{PATIENCE, World, options};

async fn get(url: &str) -> Option<(u16, String)> {
    let answer = http::get(url).await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_metrics_tell_how_the_worker_is() {
    let world = World::new().await;
    let sink = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    world.order(3, &[]).await;
    let service =
        WorkerService::build(world.means.clone(), &options(&sink.url()), JobOptions::default()).unwrap();
    let bind = format!("127.0.0.1:{}", free_port());
    let (url, stop) = (format!("http://{bind}"), CancellationToken::new());
    let (handle, stopped) = (metrics::begin().unwrap(), stop.clone());
    let run = tokio::spawn(async move { service.run_with_endpoints(&bind, handle, stopped).await });
    sink.receives(3, PATIENCE).await.unwrap();
    assert_eq!(get(&format!("{url}/health")).await.unwrap(), (200, "app is healthy".to_owned()));
    assert_eq!(get(&format!("{url}/ready")).await.unwrap().0, 200);
    until("what was sent is told", PATIENCE, async || {
        let (status, told) = get(&format!("{url}/metrics")).await.unwrap();
        // The tests of this file share a process, and so its counters.
        let sent = told.lines().find_map(|line| line.strip_prefix("bellwether_emails_sent_total "));
        let names =
            ["bellwether_queue_depth", "bellwether_email_oldest_age_seconds", "bellwether_email_jobs"];
        status == 200
            && sent.is_some_and(|sent| sent.parse::<u32>().unwrap() >= 3)
            && names.iter().all(|name| told.contains(name))
    })
    .await;
    assert_eq!(get(&format!("{url}/predict")).await.unwrap().0, 404);
    stop.cancel();
    run.await.unwrap().unwrap();
    assert!(get(&format!("{url}/health")).await.is_none(), "the port is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_spreads_emails_over_time() {
    let world = World::new().await;
    let sink = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    world.order(24, &[]).await;
    let rate = JobOptions { rate_per_second: NonZeroU32::new(8), ..JobOptions::default() };
    let begun = Instant::now();
    let worker = world.start_with(&options(&sink.url()), rate);
    sink.receives(24, PATIENCE).await.unwrap();
    // A second's worth may go at once; the other 16 take two seconds.
    assert!(begun.elapsed() >= Duration::from_millis(1_900), "{:?}", begun.elapsed());
    worker.stop().await.unwrap();
}
