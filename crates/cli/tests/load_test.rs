//! `bellwether load-test`: what it reports is what happened, slow answers and failures included.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod command;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bellwether_testkit::embedded::EmbeddedBuilder;
use command::{Ran, run};
use serde_json::Value;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");

fn load_test(url: &str, folder: &Path, args: &[&str]) -> (Ran, Option<Value>) {
    let out = folder.join("report.json");
    let mut command = command::command(&["load-test", "--url", url, "--models", MODELS, "--out"]);
    command.arg(&out).args(args).env("BELLWETHER_TOKEN", "a-token-of-a-test");
    let ran = run(command, "");
    let report = std::fs::read(&out).ok().map(|text| serde_json::from_slice(&text).unwrap());
    (ran, report)
}

/// A server that answers every request as `answer` says of its number, from 0.
fn server(answer: impl Fn(u64) -> &'static str + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (answer, number) = (Arc::new(answer), Arc::new(AtomicU64::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (answer, number) = (answer.clone(), number.clone());
            std::thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                while let Some(head) = request(&mut stream) {
                    assert!(head.contains("authorization: bearer a-token-of-a-test"), "{head}");
                    let status = answer(number.fetch_add(1, Ordering::Relaxed));
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
                    if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

/// Reads one request, and answers its head in lower case.
fn request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    assert!(String::from_utf8(body).unwrap().contains("\"client_id\":\"load-"));
    Some(head)
}

fn of<'a>(report: &'a Value, level: usize, path: &str) -> &'a Value {
    report["levels"][level].pointer(path).unwrap_or_else(|| panic!("no {path} in {report}"))
}

#[test]
fn an_embedded_system_is_measured_at_every_level_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data")).start();
    let plot = folder.path().join("plot.svg");
    let args =
        ["--connections", "1,4", "--duration", "2s", "--warm-up", "300ms", "--purpose", "load", "--plot"];
    let (ran, report) =
        load_test(&system.api, folder.path(), &[&args[..], &[plot.to_str().unwrap()]].concat());
    assert!(ran.ok, "{ran:?}");
    let report = report.unwrap();
    for level in 0..2 {
        assert!(of(&report, level, "/requests").as_u64().unwrap() > 0, "{report}");
        assert_eq!(of(&report, level, "/timeline").as_array().unwrap().len(), 2);
        let [p50, p99, max] = ["p50", "p99", "max"]
            .map(|name| of(&report, level, &format!("/latency_ms/{name}")).as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p99 && p99 <= max, "{report}");
    }
    assert_eq!(report["purpose"], "load");
    assert!(ran.out.contains("p99.9 ms") && !ran.out.contains("a-token"), "{ran:?}");
    let drawn = std::fs::read_to_string(&plot).unwrap();
    for words in ["<title>Load test of", "connections", "milliseconds, logarithmic", "p99.9", "4 connections"]
    {
        assert!(drawn.contains(words), "{words} is missing");
    }
    let earlier = folder.path().join("earlier.json");
    std::fs::copy(folder.path().join("report.json"), &earlier).unwrap();
    let compare = ["--connections", "4", "--duration", "1s", "--warm-up", "0s", "--compare"];
    let (ran, _) =
        load_test(&system.api, folder.path(), &[&compare[..], &[earlier.to_str().unwrap()]].concat());
    assert!(ran.ok && ran.out.contains("As a multiple of"), "{ran:?}");
}

#[test]
fn at_a_rate_a_pause_of_the_server_is_suffered_by_every_request_that_was_due_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let pause = || {
        server(|number| {
            if number == 50 {
                std::thread::sleep(Duration::from_millis(1_000));
            }
            "200 OK"
        })
    };
    let args = ["--connections", "1", "--duration", "4s", "--warm-up", "0s"];
    let (ran, report) = load_test(&pause(), folder.path(), &[&args[..], &["--rate", "100"]].concat());
    assert!(ran.ok, "{ran:?}");
    let report = report.unwrap();
    let requests = of(&report, 0, "/requests").as_u64().unwrap();
    assert!((398..=400).contains(&requests), "100 a second for 4 s are due: {report}");
    let p90 = of(&report, 0, "/latency_ms/p90").as_f64().unwrap();
    assert!(p90 > 400.0, "of 400 requests 100 were due in the pause: {report}");
    let (_, report) = load_test(&pause(), folder.path(), &args);
    let report = report.unwrap();
    let p90 = of(&report, 0, "/latency_ms/p90").as_f64().unwrap();
    assert!(p90 < 400.0, "without a rate one request alone is slow: {report}");
}

#[test]
fn failures_are_counted_by_kind_and_fail_the_command_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let url = server(|number| if number % 10 == 9 { "503 Service Unavailable" } else { "200 OK" });
    let args = ["--connections", "2", "--duration", "1s", "--warm-up", "0s", "--rate", "200"];
    let (ran, report) = load_test(&url, folder.path(), &args);
    assert!(!ran.ok && ran.out.contains("× status 503"), "{ran:?}");
    let failed = of(&report.unwrap(), 0, "/errors/status 503").as_u64().unwrap();
    assert!((18..=22).contains(&failed), "every tenth of 200: {failed}");
    let (ran, _) = load_test(&url, folder.path(), &[&args[..], &["--allow-errors"]].concat());
    assert!(ran.ok, "{ran:?}");
}

#[test]
fn a_bound_that_is_not_met_is_told_and_fails_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let url = server(|_| {
        std::thread::sleep(Duration::from_millis(20));
        "200 OK"
    });
    let args = ["--connections", "1", "--duration", "1s", "--warm-up", "0s", "--expect"];
    let (ran, _) = load_test(&url, folder.path(), &[&args[..], &["p50<10s", "--expect", "rate>1"]].concat());
    assert!(ran.ok, "{ran:?}");
    let (ran, _) = load_test(&url, folder.path(), &[&args[..], &["p50<10ms"]].concat());
    assert!(!ran.ok && ran.out.contains("NOT MET: 1 connection: p50 2"), "{ran:?}");
}

#[test]
fn an_answer_that_never_comes_is_a_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let url = server(|number| {
        if number > 0 {
            std::thread::sleep(Duration::from_secs(60));
        }
        "200 OK"
    });
    let args = ["--connections", "2", "--duration", "1s", "--warm-up", "0s", "--timeout", "200ms"];
    let (ran, report) = load_test(&url, folder.path(), &args);
    let report = report.unwrap();
    let timeouts = of(&report, 0, "/errors/timeout").as_u64().unwrap();
    assert!(!ran.ok && (8..=10).contains(&timeouts), "{report}");
    assert_eq!(of(&report, 0, "/latency_ms"), &Value::Null);
}

#[test]
fn a_wrong_address_and_a_refusal_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (ran, report) = load_test("http://127.0.0.1:1", folder.path(), &[]);
    assert!(
        !ran.ok && report.is_none() && ran.err.contains("cannot be reached: Connection refused"),
        "{ran:?}"
    );
    let (ran, _) = load_test(&server(|_| "403 Forbidden"), folder.path(), &[]);
    assert!(!ran.ok && ran.err.contains("answered 403") && ran.err.contains("--token"), "{ran:?}");
    let (ran, _) = load_test("ftp://127.0.0.1", folder.path(), &[]);
    assert!(!ran.ok && ran.err.contains("expected http"), "{ran:?}");
}
