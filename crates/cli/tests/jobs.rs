//! `bellwether jobs`: email jobs told, requeued and purged, and no client data shown that was not asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod command;

use std::time::Duration;

use bellwether_store::{EmailClaim, EmailJobState, EmailJobs as _, NewEmailJob};
use bellwether_testkit::embedded::EmbeddedBuilder;
use bellwether_testkit::http::client;
use bellwether_testkit::wait::until;
use bellwether_testkit::{Reply, SmtpSink};
use chrono::{TimeDelta, Utc};
use command::System;
use serde_json::{Value, json};
use uuid::Uuid;

/// A job of some days ago, in a state.
async fn job(system: &System, state: EmailJobState) -> Uuid {
    let (uid, at) = (Uuid::now_v7(), Utc::now() - TimeDelta::days(3));
    let payload = json!({ "client_id": "a-client-s-name" }).to_string();
    let new = NewEmailJob { uid, client_id: Some("a-client-s-name".to_owned()), dedupe_key: None, payload };
    system.database.insert(&[new], at).await.unwrap();
    if state != EmailJobState::Queued {
        let claim = system.database.claim(uid, 0, at, Utc::now() + TimeDelta::hours(1)).await.unwrap();
        assert!(matches!(claim, EmailClaim::Granted(_)));
    }
    match state {
        EmailJobState::Parked => system.database.park(uid, 0, at, "550 no such user", &[]).await.unwrap(),
        EmailJobState::Sent => system.database.record_sent(uid, at).await.unwrap(),
        EmailJobState::Queued | EmailJobState::Sending => {}
        EmailJobState::Retrying => panic!("no test needs one"),
    }
    uid
}

async fn state(system: &System, uid: Uuid) -> Option<EmailJobState> {
    system.database.find(uid).await.unwrap().map(|job| job.state)
}

#[tokio::test]
async fn jobs_are_listed_and_shown_without_what_the_email_says() {
    let system = System::migrated().await;
    let parked = job(&system, EmailJobState::Parked).await;
    let queued = job(&system, EmailJobState::Queued).await;
    let sent = job(&system, EmailJobState::Sent).await;
    let listed = system.run(&["jobs", "list"], "");
    assert!(listed.ok, "{listed:?}");
    assert!(listed.out.contains("1 queued, 0 sending, 0 retrying, 1 sent, 1 parked"), "{listed:?}");
    let row = listed.out.lines().find(|line| line.starts_with(&parked.to_string())).unwrap();
    assert!(row.contains("parked") && row.contains("3d") && row.ends_with("550 no such user"), "{row}");
    assert!(
        listed.out.contains(&queued.to_string()) && !listed.out.contains(&sent.to_string()),
        "{listed:?}"
    );
    let listed = system.run(&["jobs", "list", "--state", "sent", "--json"], "");
    let told: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!((&told["jobs"][0]["uid"], &told["counts"]["parked"]), (&json!(sent), &json!(1)), "{told}");
    assert_eq!(told["jobs"].as_array().unwrap().len(), 1);
    let shown = system.run(&["jobs", "show", &parked.to_string()], "");
    assert!(shown.ok && shown.out.contains("550 no such user"), "{shown:?}");
    for ran in [&listed, &shown] {
        assert!(!ran.out.contains("a-client-s-name"), "{ran:?}");
    }
    let shown = system.run(&["jobs", "show", &parked.to_string(), "--payload"], "");
    assert!(shown.out.contains("a-client-s-name"), "{shown:?}");
    let unknown = system.run(&["jobs", "show", &Uuid::now_v7().to_string()], "");
    assert!(!unknown.ok && unknown.err.contains("there is no such job"), "{unknown:?}");
}

#[tokio::test]
async fn parked_jobs_are_requeued_and_no_others() {
    let system = System::migrated().await;
    let sent = job(&system, EmailJobState::Sent).await;
    let mut parked = Vec::new();
    for _ in 0..3 {
        parked.push(job(&system, EmailJobState::Parked).await);
    }
    let named = [parked[0].to_string(), sent.to_string(), Uuid::now_v7().to_string()];
    let ran = system.run(&["jobs", "requeue", &named[0], &named[1], &named[2]], "");
    assert!(!ran.ok, "two of the three are not parked: {ran:?}");
    assert!(ran.out.contains("1 requeued"), "{ran:?}");
    assert!(
        ran.err.contains(&format!("{sent}: it is sent")) && ran.err.contains("there is no such"),
        "{ran:?}"
    );
    assert_eq!(state(&system, parked[0]).await, Some(EmailJobState::Queued));
    assert_eq!(state(&system, parked[1]).await, Some(EmailJobState::Parked));
    let ran = system.run(&["jobs", "requeue", "--all-parked"], "");
    assert!(ran.ok && ran.out.contains("2 requeued"), "{ran:?}");
    assert_eq!(system.database.counts().await.unwrap().parked, 0);
    let ran = system.run(&["jobs", "requeue"], "");
    assert!(!ran.ok && ran.err.contains("<UIDS>"), "{ran:?}");
}

#[tokio::test]
async fn what_is_due_is_put_into_the_queue_once() {
    let system = System::migrated().await;
    for _ in 0..3 {
        job(&system, EmailJobState::Queued).await;
    }
    job(&system, EmailJobState::Parked).await;
    for _ in 0..2 {
        let ran = system.run(&["jobs", "refill"], "");
        assert!(ran.ok && ran.out.contains("3 due; the queue holds 3 that wait and 0"), "{ran:?}");
    }
}

#[tokio::test]
async fn jobs_are_purged_once_it_was_agreed_to() {
    let system = System::migrated().await;
    let sent = job(&system, EmailJobState::Sent).await;
    let parked = job(&system, EmailJobState::Parked).await;
    let sending = job(&system, EmailJobState::Sending).await;
    for answer in ["", "n\n", "what?\n"] {
        let ran = system.run(&["jobs", "purge", &parked.to_string()], answer);
        assert!(!ran.ok && ran.err.contains("Nothing was done"), "{ran:?}");
    }
    assert_eq!(state(&system, parked).await, Some(EmailJobState::Parked));
    let ran = system.run(&["jobs", "purge", &parked.to_string(), &sending.to_string()], "y\n");
    assert!(!ran.ok && ran.out.contains("1 purged") && ran.err.contains("it is sending"), "{ran:?}");
    assert_eq!(state(&system, parked).await, None);
    let ran = system.run(&["jobs", "purge", "--sent-before", "4d", "--yes"], "");
    assert!(ran.ok && ran.out.contains("0 purged"), "{ran:?}");
    let ran = system.run(&["jobs", "purge", "--sent-before", "2d", "--yes"], "");
    assert!(ran.ok && ran.out.contains("1 purged"), "{ran:?}");
    assert_eq!(state(&system, sent).await, None);
}

#[tokio::test]
async fn a_database_that_was_never_migrated_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let ran = command::run(command::command(&["jobs", "list", "--data-dir", &data]), "");
    assert!(!ran.ok && ran.err.contains("bellwether migrate"), "{ran:?}");
}

#[tokio::test]
async fn a_job_parked_by_a_refusal_is_sent_once_the_operator_requeues_it() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let folder = tempfile::tempdir().unwrap();
    let smtp = SmtpSink::start(|step| match step.verb {
        "RCPT" => Reply::Say("550 no such user"),
        _ => Reply::Usual,
    });
    let smtp = smtp.await.unwrap();
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data"))
        .variable("BELLWETHER__SMTP__URL", smtp.url())
        .start();
    let asked = json!({ "payload": { "client_id": "7", "prediction": 0.9, "high_risk": "yes" } });
    let asked = client().post(format!("{}/emails", system.api)).json(&asked).send();
    let job: Value = asked.await.unwrap().json().await.unwrap();
    let uid: Uuid = job["job_id"].as_str().unwrap().parse().unwrap();
    let database = command::open(system.data()).await;
    let reaches = async |state| {
        until("the job comes so far", PATIENCE, async || {
            database.find(uid).await.unwrap().is_some_and(|job| job.state == state)
        })
        .await;
    };
    reaches(EmailJobState::Parked).await;
    smtp.behave(|_| Reply::Usual);
    let data = system.data().to_str().unwrap();
    let ran = command::run(command::command(&["jobs", "requeue", "--all-parked", "--data-dir", data]), "");
    assert!(ran.ok && ran.out.contains("1 requeued"), "{ran:?}");
    reaches(EmailJobState::Sent).await;
    assert_eq!(smtp.received().len(), 1);
}

#[tokio::test]
async fn the_day_s_digest_is_ordered_once_unless_another_is_asked_for() {
    let system = System::migrated().await;
    let said = |args: &[&str]| {
        let ran = system.run(args, "");
        assert!(ran.ok, "{ran:?}");
        ran.out
    };
    assert!(said(&["jobs", "digest"]).contains("is ordered: "));
    assert!(said(&["jobs", "digest"]).contains("was ordered before"));
    assert!(said(&["jobs", "digest", "--again"]).contains("is ordered: "));
    assert_eq!(system.database.counts().await.unwrap().queued, 2);
}
