//! The mail server goes away and comes back: predictions do not notice, and every email arrives.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::time::Duration;

use bellwether_testkit::embedded::EmbeddedBuilder;
use bellwether_testkit::http;
use bellwether_testkit::{Reply, SmtpSink};

use serde_json::json;

/// Long enough for every back-off of a server that was away.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn emails_asked_for_while_the_mail_server_is_away_arrive_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let smtp = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    let address = smtp.address();
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data"))
        .variable("BELLWETHER__SMTP__URL", smtp.url())
        .start();
    smtp.stop().await;
    let client = http::client();
    for number in 0..50 {
        let body = json!({ "client_id": number.to_string(), "xp_points": number });
        let predicted = client.post(format!("{}/predict", system.api)).json(&body).send().await.unwrap();
        assert_eq!(predicted.status(), 200);
        let answer: serde_json::Value = predicted.json().await.unwrap();
        let asked = client.post(format!("{}/emails", system.api)).json(&json!({ "uid": answer["uid"] }));
        assert_eq!(asked.send().await.unwrap().status(), 202);
    }
    let smtp = SmtpSink::start_at(address, |_| Reply::Usual).await.unwrap();
    let received = smtp.receives(50, PATIENCE).await;
    assert_eq!(received.map(|received| received.len()), Some(50));
}
