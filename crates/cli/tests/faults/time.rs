//! The wall clock jumps by an hour, forwards and back, on both services.

use std::time::Duration;

use bellwether_core::config::EmailPolicy;

use crate::world::{Emailed, World, flows, load, metric};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_by_an_hour_crashes_nothing_and_expires_no_job() {
    assert!(std::path::Path::new(LIBRARY).is_file(), "faketime is missing: run scripts/install-test-tools");
    let world = World::new(EmailPolicy::All).await;
    let offset = world.folder.path().join("offset");
    let set = |text: &str| std::fs::write(&offset, text).unwrap();
    set("+0");
    let faked = |builder: bellwether_testkit::service::ServiceBuilder| {
        builder
            .variable("LD_PRELOAD", LIBRARY)
            .variable("FAKETIME_TIMESTAMP_FILE", offset.display().to_string())
            .variable("FAKETIME_NO_CACHE", "1")
            .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .variable("FAKETIME_DONT_RESET", "1")
    };
    let (api, worker) = (faked(world.api("api-0")), faked(world.worker()));
    let (api, worker) = tokio::join!(api.start(), worker.start());
    let load = load(&[&api]);
    flows(&load, 50).await;
    for jump in ["+3600", "+0", "-3600"] {
        set(jump);
        flows(&load, 80).await;
        // Long enough for a heartbeat, a sweep of the refill and a renewal of claims.
        tokio::time::sleep(Duration::from_secs(7)).await;
    }
    let met = load.stop().await;
    println!("clock jumps: {} answered, {} failed", met.answered.len(), met.failures().len());
    assert_eq!(met.failures(), [""; 0]);
    assert!(api.is_ready().await && worker.is_ready().await);
    world.nothing_is_lost(&met, Emailed::Once).await;
    assert_eq!(metric(&worker.url, "bellwether_emails_parked_total").await, 0);
}
