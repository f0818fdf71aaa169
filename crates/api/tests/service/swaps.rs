//! Models exchanged under load: no request is lost, and what served before is let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bellwether_core::config::ConfigDocument;
use bellwether_testkit::aws::Aws;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::bundles::copy;
use crate::world::{MODELS, Service, TOKEN, bundles};

/// Swaps that a run makes; `BELLWETHER_SWAPS` asks for more.
const SWAPS: usize = 16;
/// Swaps until memory has the level that it keeps.
const WARM_UP: usize = 6;
/// How far memory may be above that level, in MiB: less than two bundles hold, so that a leak of one a swap shows.
const MOST_GROWTH_MIB: f64 = 24.0;

/// Calls that go on until they are told to stop, and how long each took.
fn under_load(service: &Service, stop: &Arc<AtomicBool>) -> Vec<tokio::task::JoinHandle<Vec<Duration>>> {
    let begin = |worker: usize| {
        let (stop, url) = (stop.clone(), format!("{}/predict", service.url));
        tokio::spawn(async move {
            let (client, mut took) = (Client::new(), Vec::new());
            while !stop.load(Ordering::Relaxed) {
                let body = json!({ "client_id": format!("{worker}-{}", took.len()), "xp_points": 17 });
                let begun = Instant::now();
                let response = client.post(&url).bearer_auth(TOKEN).json(&body).send().await.unwrap();
                assert_eq!(response.status(), 200);
                let answer: Value = response.json().await.unwrap();
                assert!(answer["prediction"].is_number(), "{answer}");
                took.push(begun.elapsed());
            }
            took
        })
    };
    (0..3).map(begin).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_are_exchanged_under_load_without_a_lost_request_and_memory_returns_to_its_level() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    let uids = bundles();
    let swaps = std::env::var("BELLWETHER_SWAPS").map_or(SWAPS, |swaps| swaps.parse().unwrap());
    let exchange = |document: &mut ConfigDocument| {
        let next = uids.iter().find(|uid| **uid != document.arms[0].model).unwrap();
        document.arms[0].model.clone_from(next);
    };
    let stop = Arc::new(AtomicBool::new(false));
    let load = under_load(&service, &stop);
    for _ in 0..WARM_UP {
        service.change_config(exchange).await;
    }
    let level = service.resident_mib();
    let begun = Instant::now();
    for _ in 0..swaps {
        service.change_config(exchange).await;
    }
    let (reached, lasted) = (service.resident_mib(), begun.elapsed());
    stop.store(true, Ordering::Relaxed);
    let mut took = Vec::new();
    for calls in load {
        took.extend(calls.await.unwrap());
    }
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    println!(
        "{swaps} swaps in {lasted:.1?}: {level:.1} MiB before, {reached:.1} MiB after; {} calls, p50 {:.1} ms, \
         p99 {:.1} ms, p99.9 {:.1} ms, max {:.1} ms",
        took.len(),
        at(500),
        at(990),
        at(999),
        at(1000)
    );
    assert!(reached - level < MOST_GROWTH_MIB, "{level} MiB grew to {reached} MiB over {swaps} swaps");
}

#[tokio::test]
async fn a_bundle_placed_in_the_folder_is_found_when_config_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let uids = bundles();
    copy(&std::path::Path::new(MODELS).join(&uids[0]), &folder.path().join(&uids[0]));
    let models = folder.path().to_str().unwrap();
    let service = Service::start(&[("auth.mode", "off"), ("models.path", models)]).await;
    assert_eq!(service.get("/bundles").await.as_array().unwrap().len(), 1);
    copy(&std::path::Path::new(MODELS).join(&uids[1]), &folder.path().join(&uids[1]));
    service.change_config(|document| document.arms[0].model.clone_from(&uids[1])).await;
    let told = service.get("/bundles").await;
    assert_eq!((&told[0]["in_use"], &told[1]["in_use"]), (&json!(false), &json!(true)));
    for (at, uid) in uids.iter().enumerate() {
        let parity = service.get(&format!("/bundles/{uid}/parity")).await;
        assert_eq!(parity["sha256"], told[at]["sha256"], "told whether it is in memory or not");
    }
}

#[tokio::test]
async fn a_bundle_placed_in_a_bucket_serves_when_config_names_it_and_without_the_bucket() {
    let aws = Aws::start().await;
    aws.create_bucket("bundles").await;
    let uids = bundles();
    place(&aws, &uids[0]).await;
    let variables = aws.variables();
    let mut settings =
        vec![("auth.mode", "off"), ("models.path", "s3://bundles/models"), ("models.path_style", "true")];
    let endpoint = aws.endpoint();
    settings.push(("models.endpoint", &endpoint));
    let mut service = Service::start_with(&settings, &variables).await;
    place(&aws, &uids[1]).await;
    service.change_config(|document| document.shadow = vec![uids[1].clone()]).await;
    assert_eq!(service.get("/bundles").await.as_array().unwrap().len(), 2);
    drop(aws);
    service.restart().await;
    let asked = service.request(Method::POST, "/predict").header("x-bellwether-purpose", "trial");
    let answer: Value = asked.json(&json!({ "xp_points": 17 })).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        answer["trial"]["scores"].as_object().unwrap().keys().collect::<Vec<_>>(),
        uids.iter().collect::<Vec<_>>()
    );
}

async fn place(aws: &Aws, uid: &str) {
    for file in ["model.onnx", "manifest.json"] {
        let bytes = std::fs::read(std::path::Path::new(MODELS).join(uid).join(file)).unwrap();
        aws.put_object("bundles", &format!("models/{uid}/{file}"), bytes).await;
    }
}
