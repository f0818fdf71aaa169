//! `kill -9` under load: what was answered is in the log once and is emailed once, whatever the moment.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bellwether_core::config::EmailPolicy;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{ConfigStore as _, Database as _, NewConfigVersion, PredictionLog as _};
use bellwether_testkit::embedded::{Embedded, EmbeddedBuilder};
use bellwether_testkit::http;
use bellwether_testkit::wait::until;
use bellwether_testkit::{Received, Reply, SmtpSink};
use rand::RngExt as _;

use serde_json::Value;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Emails follow their predictions by the takeover window of a worker that died, at most.
const PATIENCE: Duration = Duration::from_secs(180);
/// Debug builds on a busy machine mail some hundred a second: more load only makes the wait longer.
const PAUSE_BETWEEN_CALLS: Duration = Duration::from_millis(10);

async fn email_everything(data: &Path) {
    let database = open(data).await;
    let live = database.live("prod").await.unwrap().unwrap().readable().unwrap();
    let mut document = live.document;
    document.email = EmailPolicy::All;
    let new = NewConfigVersion {
        environment: "prod".to_owned(),
        parent: Some(live.version),
        document,
        author: "a test".to_owned(),
        reason: "every prediction is to be counted".to_owned(),
        created_at: chrono::Utc::now(),
        provenance: None,
        stage_report: None,
    };
    database.append(new).await.unwrap();
    database.close().await;
}

async fn open(data: &Path) -> Sqlite {
    let path = data.join("prod/bellwether.sqlite");
    Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap()
}

type Answered = Arc<Mutex<HashSet<Uuid>>>;

/// Calls until it is aborted, and notes every uid that was answered.
fn caller(api: &str, answered: &Answered, number: usize) -> JoinHandle<()> {
    let (url, answered) = (format!("{api}/predict"), answered.clone());
    let client = http::builder().timeout(Duration::from_secs(5)).build().unwrap();
    tokio::spawn(async move {
        let mut call = 0_u64;
        loop {
            call += 1;
            let body = format!(r#"{{"client_id":"{number}-{call}","xp_points":{call}}}"#);
            let sent = client.post(&url).header("content-type", "application/json").body(body).send().await;
            let Ok(response) = sent else {
                tokio::time::sleep(PAUSE_BETWEEN_CALLS).await;
                continue;
            };
            let status = response.status();
            // An answer cut off in its midst did not leave.
            let Ok(answer) = response.json::<Value>().await else { continue };
            assert_eq!(status, 200, "{answer}");
            answered.lock().unwrap().insert(answer["uid"].as_str().unwrap().parse().unwrap());
            tokio::time::sleep(PAUSE_BETWEEN_CALLS).await;
        }
    })
}

/// How often each prediction was emailed, by the uid in its Message-ID.
fn emailed(received: &[Received]) -> HashMap<Uuid, u32> {
    let mut counts = HashMap::new();
    for message in received {
        let header =
            message.data.lines().find(|line| line.to_lowercase().starts_with("message-id:")).unwrap();
        let id = header.split(['<', '@']).find_map(|part| part.trim().parse::<Uuid>().ok()).unwrap();
        *counts.entry(id).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_at_random_moments_lose_no_answer_and_no_email() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let smtp = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    let builder = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &data)
        .variable("BELLWETHER__SMTP__URL", smtp.url());
    builder.start().terminate();
    email_everything(&data).await;

    let answered = Answered::default();
    let mut moments = rand::rng();
    let mut told = Vec::new();
    for _ in 0..20 {
        let system: Embedded = builder.start();
        let callers: Vec<_> = (0..4).map(|number| caller(&system.api, &answered, number)).collect();
        let moment = Duration::from_millis(moments.random_range(20..1_500));
        told.push(moment.as_millis());
        tokio::time::sleep(moment).await;
        system.kill();
        for caller in callers {
            caller.abort();
            let ended = caller.await;
            assert!(ended.is_err_and(|error| error.is_cancelled()), "a caller was answered wrongly");
        }
    }
    let answered = std::mem::take(&mut *answered.lock().unwrap());
    println!("{} predictions answered; killed after (ms) {told:?}", answered.len());
    assert!(answered.len() > 100, "the load was too small to prove anything: {}", answered.len());

    let system = builder.start();
    let log = open(&data).await;
    let begun = Instant::now();
    until("every answer is in the log", PATIENCE, async || {
        for uid in &answered {
            if log.find(*uid).await.unwrap().is_none() {
                return false;
            }
        }
        true
    })
    .await;
    println!("all in the log {:?} after the last start", begun.elapsed());
    // The log's key is the uid, so a prediction is there once or not at all.
    until("every answer is emailed", PATIENCE, async || {
        let sent = emailed(&smtp.received());
        answered.iter().all(|uid| sent.contains_key(uid))
    })
    .await;
    println!("all emailed {:?} after the last start", begun.elapsed());
    assert!(system.terminate().success());
    let sent = emailed(&smtp.received());
    let twice = sent.values().filter(|count| **count == 2).count();
    let more = sent.values().filter(|count| **count > 2).count();
    println!("{} emails of {} predictions; {twice} went out twice", sent.values().sum::<u32>(), sent.len());
    assert_eq!(more, 0, "no email goes out more than twice");
    // Twice only where a kill fell between the server's 250 and the record: at most what was in flight.
    assert!(twice <= 20 * 4, "{twice} emails went out twice");
}
