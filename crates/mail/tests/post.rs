//! Notes on their way to a mail server that takes them, one that refuses, one that hangs, and to a folder.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::time::Duration;

use bellwether_mail::{AddressBook, Draft, MailOptions, Mailer, Post, PostError, SendError, mailer};
use bellwether_store::LoginDetails;
use bellwether_testkit::{Reply, SmtpSink};
use chrono::DateTime;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

fn draft() -> Draft {
    Draft {
        uid: Uuid::now_v7(),
        environment: "prod".to_owned(),
        to: vec!["ada@example.org".to_owned(), "bob@example.org".to_owned()],
        subject: "Version 8 was rolled back".to_owned(),
        text: "It exceeded its limits.".to_owned(),
        html: None,
    }
}

fn post(url: &str, timeout: Duration) -> Post {
    let options = MailOptions::new(LoginDetails::of_url(url.to_owned()));
    let book = AddressBook::new("Bellwether <bellwether@example.org>", &[]).unwrap();
    Post::new(mailer(&options, 1).unwrap(), book, timeout)
}

#[tokio::test]
async fn a_note_arrives_with_its_words() {
    let sink = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    let outcome = post(&sink.url(), PATIENCE).send(draft(), DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(outcome.delivered.len(), 2);
    let received = sink.receives(1, PATIENCE).await.unwrap();
    assert_eq!(received[0].from, "bellwether@example.org");
    assert_eq!(received[0].to, ["ada@example.org", "bob@example.org"]);
    assert!(received[0].data.contains("Subject: Version 8 was rolled back"), "{}", received[0].data);
    assert!(received[0].data.contains("It exceeded its limits."), "{}", received[0].data);
}

#[tokio::test]
async fn whom_the_server_refuses_is_told_and_the_others_have_it() {
    let sink = SmtpSink::start(|step| match (step.verb, step.argument) {
        ("RCPT", "ada@example.org") => Reply::Say("550 no such user"),
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let outcome = post(&sink.url(), PATIENCE).send(draft(), DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!((outcome.delivered.len(), outcome.refused.len()), (1, 1));
    assert!(outcome.refused[0].1.contains("no such user"), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_is_away_or_refuses_the_note_is_told_apart() {
    let away = post("smtp://127.0.0.1:9", PATIENCE).send(draft(), DateTime::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(away, PostError::Send(SendError::Unreachable(_))), "{away}");
    let sink = SmtpSink::start(|step| match step.verb {
        "MAIL" => Reply::Say("550 not you"),
        _ => Reply::Usual,
    });
    let sink = sink.await.unwrap();
    let refused = post(&sink.url(), PATIENCE).send(draft(), DateTime::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(refused, PostError::Send(SendError::Permanent(_))), "{refused}");
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_time_allowed() {
    let sink = SmtpSink::start(|step| if step.verb == "DATA" { Reply::Hang } else { Reply::Usual });
    let sink = sink.await.unwrap();
    let sent = post(&sink.url(), Duration::from_millis(300)).send(draft(), DateTime::UNIX_EPOCH).await;
    assert!(matches!(sent, Err(PostError::Send(SendError::Transient(_)))), "{sent:?}");
}

#[tokio::test]
async fn a_folder_gets_one_whole_file_for_each_note() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("out box");
    let url = format!("file://{}", outbox.display().to_string().replace(' ', "%20"));
    let draft = draft();
    for _ in 0..2 {
        post(&url, PATIENCE).send(draft.clone(), DateTime::UNIX_EPOCH).await.unwrap();
    }
    let file = std::fs::read_to_string(outbox.join(format!("{}.eml", draft.uid))).unwrap();
    assert!(file.contains("It exceeded its limits."), "{file}");
    assert_eq!(std::fs::read_dir(&outbox).unwrap().count(), 1);
}

#[tokio::test]
async fn urls_that_name_no_mail_server_are_refused_without_repeating_them() {
    for url in ["http://host-of-mine", "no url", "file://host-of-mine/x"] {
        let error = mailer(&MailOptions::new(LoginDetails::of_url(url.to_owned())), 1).err().unwrap();
        assert!(!error.to_string().contains("host-of-mine"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let options = MailOptions::new(LoginDetails::of_url(format!("file://{}", folder.path().display())));
    let carrier: std::sync::Arc<dyn Mailer> = mailer(&options, 1).unwrap();
    assert!(carrier.check().await.is_ok());
}
