//! SIGTERM under load: every answer that was begun arrives, every answered prediction is written down.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bellwether_store::PredictionLog as _;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_testkit::embedded::EmbeddedBuilder;
use bellwether_testkit::http;
use bellwether_testkit::wait::until;

use serde_json::Value;
use uuid::Uuid;

#[tokio::test]
async fn a_stop_under_load_loses_no_answer_that_was_begun() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &data).start();
    let answered = Arc::new(AtomicUsize::new(0));
    let client = http::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let (client, answered, url) =
                (client.clone(), answered.clone(), format!("{}/predict", system.api));
            tokio::spawn(async move {
                let mut uids = Vec::new();
                loop {
                    let body = format!(r#"{{"client_id":"{caller}","xp_points":1}}"#);
                    let request = client.post(&url).header("content-type", "application/json").body(body);
                    match request.send().await {
                        Ok(response) if response.status() == 200 => {
                            let text = response.text().await.expect("an answer that was begun arrives whole");
                            let answer: Value = serde_json::from_str(&text).unwrap();
                            uids.push(answer["uid"].as_str().unwrap().parse::<Uuid>().unwrap());
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(response) => panic!("a request was answered {}", response.status()),
                        // The port is closed: this caller is done. A request cut off in its midst is not.
                        Err(error) if error.is_connect() => return uids,
                        Err(error) if error.is_request() && is_closed(&error) => return uids,
                        Err(error) => panic!("a request was cut off: {error:?}"),
                    }
                }
            })
        })
        .collect();
    until("load flows", Duration::from_secs(60), async || answered.load(Ordering::Relaxed) > 500).await;
    assert!(system.terminate().success(), "it ends in order");
    let path = data.join("prod/bellwether.sqlite");
    let log = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    let mut count = 0;
    for caller in callers {
        for uid in caller.await.unwrap() {
            assert!(log.find(uid).await.unwrap().is_some(), "{uid} was answered and is not in the log");
            count += 1;
        }
    }
    println!("{count} predictions answered before the stop, all of them in the log after it");
}

/// An idle connection that the server closed as the request went out: nothing of it was begun.
fn is_closed(error: &reqwest::Error) -> bool {
    let text = format!("{error:?}");
    ["IncompleteMessage", "ConnectionReset", "BrokenPipe", "connection closed"]
        .iter()
        .any(|word| text.contains(word))
}
