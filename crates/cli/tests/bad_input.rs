//! Whatever a caller sends, the answer says what was wrong with it, by name, and never holds a prediction.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::time::Duration;

use bellwether_testkit::embedded::{Embedded, EmbeddedBuilder};
use bellwether_testkit::http;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn start(folder: &tempfile::TempDir) -> Embedded {
    EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data"))
        .variable("BELLWETHER__SERVER__REQUEST_TIMEOUT_SECONDS", "1")
        .start()
}

async fn post(api: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = http::client().post(format!("{api}/predict")).header("content-type", "application/json");
    request.body(body).send().await.unwrap()
}

/// Checks status and media type, and that every word stands in the problem.
async fn expect(response: Response, status: u16, words: &[&str]) {
    let (got, media) =
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    assert_eq!((got, media.as_str()), (status, "application/problem+json"), "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["status"], status, "{text}");
    assert!(problem.get("prediction").is_none(), "{text}");
    for word in words {
        assert!(text.contains(word), "expected `{word}` in {text}");
    }
}

#[tokio::test]
async fn every_kind_of_bad_body_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let system = start(&folder);
    let long_id = "9".repeat(900_000);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let cases: &[(&str, u16, &[&str])] = &[
        ("", 400, &["empty", "expected a JSON object"]),
        ("not json", 400, &["not valid JSON", "line 1"]),
        ("[{\"xp_points\": 1}]", 422, &["body", "expected a JSON object"]),
        ("{}", 422, &["body", "names no known feature"]),
        (r#"{"colour": "red"}"#, 422, &["names no known feature"]),
        (r#"{"xp_points": "18"}"#, 422, &["xp_points", "expected a number, not a string"]),
        (r#"{"site_level": 3}"#, 422, &["site_level", "expected a string, not a number"]),
        (r#"{"xp_points": NaN}"#, 400, &["xp_points", "not valid JSON"]),
        (r#"{"xp_points": Infinity}"#, 400, &["xp_points", "not valid JSON"]),
        (r#"{"xp_points": 1e400}"#, 422, &["xp_points", "finite"]),
        (r#"{"acquired_date": "2015-13-40"}"#, 422, &["acquired_date", "no day of the calendar"]),
        (r#"{"acquired_date": "15/06/2015"}"#, 422, &["acquired_date", "YYYY-MM-DD"]),
        (r#"{"acquired_date": "0001-01-01"}"#, 422, &["acquired_date", "1900-01-01"]),
        (r#"{"acquired_date": "2999-01-01"}"#, 422, &["acquired_date", "future"]),
        (
            &format!(r#"{{"client_id": "{long_id}", "xp_points": 1}}"#),
            422,
            &["client_id", "1 to 128 characters"],
        ),
        (r#"{"client_id": "1\u0000", "xp_points": 1}"#, 422, &["client_id", "control characters"]),
        (r#"{"client_id": 7, "xp_points": 1}"#, 422, &["client_id", "not a number"]),
        (&format!(r#"{{"xp_points": {deep}}}"#), 422, &["xp_points", "not an array"]),
        (&deep, 422, &["body", "expected a JSON object"]),
        (r#"{"xp_points": 1, "xp_points": 2}"#, 422, &["xp_points", "given twice"]),
        (
            r#"{"xp_points": "a", "site_level": 1, "mouse_x": false}"#,
            422,
            &["xp_points", "site_level", "mouse_x"],
        ),
    ];
    for (body, status, words) in cases {
        expect(post(&system.api, (*body).to_owned()).await, *status, words).await;
    }
    expect(post(&system.api, &b"\xff\xfe{}"[..]).await, 400, &["UTF-8"]).await;
    expect(post(&system.api, vec![b' '; 20 << 20]).await, 413, &["1048576 bytes"]).await;
}

#[tokio::test]
async fn what_is_odd_but_sound_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let system = start(&folder);
    let body = json!({ "client_id": "🐑", "xp_points": 1, "site_level": "never seen", "colour": "red" });
    let answer: Value = post(&system.api, body.to_string()).await.json().await.unwrap();
    assert_eq!(answer["ignored"], json!(["colour"]));
    assert!(answer["imputed"].as_array().unwrap().contains(&json!("mouse_x")), "{answer}");
    let prediction = answer["prediction"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&prediction), "{answer}");
}

#[tokio::test]
async fn wrong_methods_routes_and_media_types_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let system = start(&folder);
    let send = |method: Method, path: &str, media: &'static str| {
        let request = http::client().request(method, format!("{}{path}", system.api));
        request.header("content-type", media).body("{\"xp_points\":1}").send()
    };
    let response = send(Method::GET, "/predict", "application/json").await.unwrap();
    assert_eq!(response.headers()["allow"], "POST");
    expect(response, 405, &["expected POST"]).await;
    expect(send(Method::DELETE, "/health", "text/plain").await.unwrap(), 405, &["GET, POST"]).await;
    expect(send(Method::GET, "/nowhere", "text/plain").await.unwrap(), 404, &["/docs"]).await;
    expect(send(Method::POST, "/predict", "text/xml").await.unwrap(), 415, &["Content-Type", "text/xml"])
        .await;
    expect(send(Method::GET, "/jobs/nonsense", "text/plain").await.unwrap(), 404, &["no such job"]).await;
}

#[tokio::test]
async fn a_client_that_sends_a_byte_now_and_then_is_cut_off_and_hinders_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let system = start(&folder);
    let address = system.api.strip_prefix("http://").unwrap();
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let answered = post(&system.api, r#"{"xp_points":1}"#).await.status();
    assert_eq!(answered, 200);
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(20), slow.read(&mut answer)).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    let mut slow_head = tokio::net::TcpStream::connect(address).await.unwrap();
    slow_head.write_all(b"POST /predict HTTP/1.1\r\nhost:").await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), slow_head.read(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is closed, or answered 408");
}

#[tokio::test]
async fn a_batch_answers_each_row_for_itself_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let system = start(&folder);
    let send = |body: &str, media: &'static str| {
        let request =
            http::client().post(format!("{}/predict/batch", system.api)).header("content-type", media);
        request.body(body.to_owned()).send()
    };
    let array = r#"[{"client_id":"1","xp_points":1},{"xp_points":"x"},7,{"client_id":"2","xp_points":2}]"#;
    let answers: Value = send(array, "application/json").await.unwrap().json().await.unwrap();
    let statuses: Vec<_> =
        answers.as_array().unwrap().iter().map(|answer| answer["status"].as_u64()).collect();
    assert_eq!(statuses, [None, Some(422), Some(422), None]);
    let lines = "{\"xp_points\":1}\n\nnonsense\n{\"xp_points\":3}\n";
    let response = send(lines, "application/x-ndjson").await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let answers: Vec<Value> =
        response.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[1]["status"], 400);
    let rows = format!("[{}]", vec!["{}"; 10_001].join(","));
    expect(send(&rows, "application/json").await.unwrap(), 422, &["at most 10000 rows"]).await;
    expect(send("7", "application/json").await.unwrap(), 422, &["body", "JSON array"]).await;
    expect(send("[", "application/json").await.unwrap(), 400, &["not valid JSON"]).await;
}
