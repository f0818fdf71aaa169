//! The journal's disk is full: what cannot be written down is not answered, or is, as the operator chose.

use bellwether_core::config::EmailPolicy;
use bellwether_testkit::wait::until;
use bellwether_testkit::{SmallDisk, http};

use crate::world::{Emailed, PATIENCE, TOKEN, World, flows, load, metric};

const LEFT: u64 = 4 << 20;
const RESERVE: &str = "8388608";

async fn status(url: &str) -> u16 {
    let call = http::client().post(format!("{url}/predict")).bearer_auth(TOKEN);
    let call = call.header("content-type", "application/json").body(r#"{"xp_points":1}"#);
    call.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_predictions_with_503_until_there_is_room_without_a_restart() {
    let world = World::new(EmailPolicy::All).await;
    let disk = SmallDisk::mount(128);
    let journal = disk.path().join("journal.sqlite").display().to_string();
    let api = world.api("api-0").setting("JOURNAL__PATH", journal).setting("JOURNAL__RESERVE_BYTES", RESERVE);
    let worker = world.worker();
    let (api, _worker) = tokio::join!(api.start(), worker.start());
    let load = load(&[&api]);
    flows(&load, 50).await;
    let filler = disk.fill(LEFT);
    until("predictions are refused", PATIENCE, async || status(&api.url).await == 503).await;
    let refused = load.answered();
    for _ in 0..20 {
        assert_eq!(status(&api.url).await, 503);
    }
    assert!(metric(&api.url, "bellwether_journal_refused_total").await >= 20);
    std::fs::remove_file(filler).unwrap();
    flows(&load, 50).await;
    let met = load.stop().await;
    println!(
        "disk full: {} answered, {} of them before; {} refused",
        met.answered.len(),
        refused,
        met.failures().len()
    );
    assert!(met.calls.iter().all(|call| matches!(call.outcome, Ok(200 | 503))));
    world.nothing_is_lost(&met, Emailed::Once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_may_have_predictions_answered_unlogged_and_counted() {
    let world = World::new(EmailPolicy::None).await;
    let disk = SmallDisk::mount(128);
    let journal = disk.path().join("journal.sqlite").display().to_string();
    let api = world
        .api("api-0")
        .setting("JOURNAL__PATH", journal)
        .setting("JOURNAL__RESERVE_BYTES", RESERVE)
        .setting("JOURNAL__ON_FULL", "answer")
        .start()
        .await;
    assert_eq!(status(&api.url).await, 200);
    let filler = disk.fill(LEFT);
    for _ in 0..20 {
        assert_eq!(status(&api.url).await, 200);
    }
    assert_eq!(metric(&api.url, "bellwether_predictions_unlogged_total").await, 20);
    std::fs::remove_file(filler).unwrap();
    assert_eq!(status(&api.url).await, 200);
    assert_eq!(metric(&api.url, "bellwether_predictions_unlogged_total").await, 20);
}
