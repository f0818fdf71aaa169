//! The database is killed, or hangs: no request fails, none waits for it, and what was answered arrives.

use std::time::{Duration, Instant};

use bellwether_core::config::EmailPolicy;

use crate::figures::{Outage, tell};
use crate::world::{Emailed, World, flows, load, outage};

/// A call that waited for the database would take seconds; this is far above what a busy machine adds.
const WAITED: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_is_not_waited_for_and_gets_everything_later() {
    let world = World::new(EmailPolicy::All).await;
    let (api, _worker) = world.services().await;
    let load = load(&[&api]);
    flows(&load, 100).await;
    let began = Instant::now();
    world.mariadb.kill();
    tokio::time::sleep(outage()).await;
    world.mariadb.restart().await;
    let ended = Instant::now();
    flows(&load, 100).await;
    let met = load.stop().await;
    let slow = tell("MySQL killed", &met, Outage { began, ended }, WAITED);
    assert_eq!(met.failures(), [""; 0], "no request fails");
    assert_eq!(slow, 0, "none waits for the database");
    world.nothing_is_lost(&met, Emailed::OnceOrTwice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_not_waited_for_and_gets_everything_later() {
    let world = World::new(EmailPolicy::All).await;
    let (api, _worker) = world.services().await;
    let load = load(&[&api]);
    flows(&load, 100).await;
    let began = Instant::now();
    world.mariadb.stop_process();
    tokio::time::sleep(outage()).await;
    world.mariadb.continue_process();
    let ended = Instant::now();
    flows(&load, 100).await;
    let met = load.stop().await;
    let slow = tell("MySQL stopped", &met, Outage { began, ended }, WAITED);
    assert_eq!(met.failures(), [""; 0], "no request fails");
    assert_eq!(slow, 0, "none waits for the database");
    world.nothing_is_lost(&met, Emailed::OnceOrTwice).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_starts_while_the_database_is_away_answers_on_its_last_good_config() {
    let world = World::new(EmailPolicy::All).await;
    let builder = world.api("api-0");
    assert!(builder.start().await.terminate().success());
    world.mariadb.kill();
    let begun = Instant::now();
    let api = builder.start().await;
    println!("ready {:?} after a start without a database", begun.elapsed());
    let load = load(&[&api]);
    flows(&load, 50).await;
    let met = load.stop().await;
    assert_eq!(met.failures(), [""; 0]);
    world.mariadb.restart().await;
    let _worker = world.worker().start().await;
    world.nothing_is_lost(&met, Emailed::Once).await;
}
