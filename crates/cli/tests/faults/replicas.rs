//! A config change reaches every replica by message, and every replica says so.

use std::time::Instant;

use bellwether_core::config::EmailPolicy;
use bellwether_store::{ConfigStore as _, NewConfigVersion, Replicas as _};
use bellwether_testkit::wait::until;
use bellwether_testkit::{http, service::Service};
use serde_json::Value;

use crate::world::{PATIENCE, World};

async fn version(api: &Service) -> Value {
    let told: Value = http::get(&format!("{}/config", api.url)).await.unwrap().json().await.unwrap();
    told["version"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_refreshed_on_one_replica_reaches_the_others_and_all_report_it() {
    let mut world = World::new(EmailPolicy::None).await;
    // Scope `config` without a JWT; and no replica looks for itself before the test is over.
    world.set("AUTH__MODE", "off");
    world.set("CONFIG__POLL_SECONDS", "3600");
    let (first, second) = (world.api("api-0"), world.api("api-1"));
    let (first, second) = tokio::join!(first.start(), second.start());
    let store = world.store().await;
    let live = store.live("prod").await.unwrap().unwrap().readable().unwrap();
    let before = live.version;
    let new = NewConfigVersion {
        environment: "prod".to_owned(),
        parent: Some(before),
        document: bellwether_core::config::ConfigDocument { proba_cutoff: 0.42, ..live.document },
        author: "a test".to_owned(),
        reason: "to see it arrive".to_owned(),
        created_at: chrono::Utc::now(),
        provenance: None,
        stage_report: None,
    };
    store.append(new).await.unwrap();
    assert_eq!(version(&second).await, before, "nobody has told it yet");
    let told = Instant::now();
    assert_eq!(http::get(&format!("{}/config-refresh", first.url)).await.unwrap().status(), 200);
    until("the other replica has it", PATIENCE, async || version(&second).await == before + 1).await;
    until("both report it", PATIENCE, async || {
        let reports = store.replicas("prod").await.unwrap();
        let synced = reports.iter().filter(|report| report.version == Some(before + 1));
        let names: Vec<_> = synced.map(|report| report.replica.as_str()).collect();
        names == ["api-0", "api-1"]
    })
    .await;
    println!("a change is on both replicas, and reported, after {:?}", told.elapsed());
    assert!(first.terminate().success() && second.terminate().success());
    assert!(store.replicas("prod").await.unwrap().is_empty(), "replicas that end in order are forgotten");
}
