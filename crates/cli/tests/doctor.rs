//! `bellwether doctor` and the small commands: what they check, and what they say.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use bellwether_store::console::{AuditLog as _, verify_audit};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_testkit::service::{ServiceBuilder, program};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");

fn bellwether(args: &[&str], variables: &[(&str, &str)], input: &str) -> (Output, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bellwether"))
        .args(args)
        .env("BELLWETHER__MODELS__PATH", MODELS)
        .env("BELLWETHER__SERVER__BIND", "127.0.0.1:0")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output, told)
}

#[test]
fn a_sound_system_is_found_sound_and_an_unsound_one_is_told_all_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (output, told) = bellwether(&["doctor", "--data-dir", data], &[], "");
    assert!(!output.status.success(), "there is no database yet: {told}");
    assert!(told.contains("WRONG database.url") && told.contains("bellwether migrate"), "{told}");
    let (output, told) = bellwether(&["migrate", "--data-dir", data], &[], "");
    assert!(output.status.success() && told.contains("config version 1 is live"), "{told}");
    let (output, told) = bellwether(&["doctor", "--data-dir", data], &[], "");
    let port_is_taken = told.contains("WRONG server.bind");
    assert!(output.status.success() || port_is_taken, "{told}");
    assert!(told.contains("parity rows reproduced") && told.contains("ok    smtp.url"), "{told}");
    let wrong = [("BELLWETHER__SMTP__URL", "smtp://127.0.0.1:1"), ("BELLWETHER__MODELS__PATH", "nowhere")];
    let (output, told) = bellwether(&["doctor", "--data-dir", data], &wrong, "");
    assert!(!output.status.success());
    assert!(told.contains("WRONG smtp.url") && told.contains("WRONG models.path"), "{told}");
}

#[test]
fn settings_that_cannot_be_used_are_all_named() {
    let wrong = [("BELLWETHER__AUTH__MODE", "sometimes"), ("BELLWETHER__COLOUR", "red")];
    let (output, told) = bellwether(&["doctor"], &wrong, "");
    assert!(!output.status.success());
    assert!(told.contains("colour: there is no such setting"), "{told}");
}

#[tokio::test]
async fn a_user_is_added_once_with_a_password_that_is_long_enough() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let add = ["user", "add", "ada", "--role", "editor", "--data-dir", data];
    let (output, told) = bellwether(&add, &[], "short\n");
    assert!(!output.status.success() && told.contains("12 to 1000 characters"), "{told}");
    let (output, told) = bellwether(&add, &[], "correct horse battery\n");
    assert!(output.status.success() && told.contains("added ada as editor"), "{told}");
    let (output, told) = bellwether(&add, &[], "correct horse battery\n");
    assert!(!output.status.success() && told.contains("`ada` cannot be added"), "{told}");
    let database = std::fs::read(folder.path().join("prod/bellwether.sqlite")).unwrap();
    let holds = |text: &[u8]| database.windows(text.len()).any(|window| window == text);
    assert!(!holds(b"correct horse"), "the password itself is nowhere");
    let path = folder.path().join("prod/bellwether.sqlite");
    let database = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    let lines = database.lines(0, 10).await.unwrap();
    let [line] = lines.as_slice() else { panic!("one line: the second was not added: {lines:?}") };
    assert!(line.actor.starts_with("bellwether cli ("), "{}", line.actor);
    assert_eq!((&*line.action, &*line.subject), ("user.added", "user ada"));
    verify_audit(&database).await.unwrap();
}

#[tokio::test]
async fn a_service_is_checked_before_it_starts_and_asked_how_it_is_by_its_own_binary() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let api = program(env!("CARGO_BIN_EXE_bellwether"), "bellwether-api");
    let variables = [
        ("BELLWETHER__ENVIRONMENT", "prod".to_owned()),
        ("BELLWETHER__MODELS__PATH", MODELS.to_owned()),
        ("BELLWETHER__DATABASE__URL", format!("sqlite://{}", at("bellwether.sqlite"))),
        ("BELLWETHER__JOURNAL__PATH", at("journal.sqlite")),
        ("BELLWETHER__QUEUE__PATH", at("queue.sqlite")),
        ("BELLWETHER__ARCHIVE__URL", String::new()),
        ("BELLWETHER__AUTH__JWT_SECRET", "a secret of these tests, 32 bytes".to_owned()),
        ("BELLWETHER__AUTH__JWT_ISSUER", "bellwether".to_owned()),
        ("BELLWETHER__AUTH__JWT_AUDIENCE", "bellwether-prod".to_owned()),
        ("BELLWETHER_FIRST_PASSWORD", "correct horse battery".to_owned()),
    ];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ask_api = |bind: &str, arguments: &[&str]| {
        let mut command = Command::new(&api);
        let command = command.args(arguments).envs(variables.iter().copied());
        let output = command.env("BELLWETHER__SERVER__BIND", bind).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap())
    };

    let (fine, told) = ask_api("127.0.0.1:8000", &["check"]);
    assert!(fine && told == "settings: complete, for prod\n", "{told}");
    let (fine, told) = ask_api("127.0.0.1:eight", &["check"]);
    assert!(!fine && told.contains("server.bind"), "{told}");
    let (fine, told) = ask_api("127.0.0.1:8000", &["serve"]);
    assert!(!fine && told.contains("`serve` is not understood"), "{told}");

    let (output, told) = bellwether(&["migrate", "--samples"], &variables, "");
    assert!(output.status.success() && told.contains("100 clients are there\nadded admin, with"), "{told}");
    let (output, told) = bellwether(&["migrate", "--samples"], &variables, "");
    assert!(output.status.success() && told.contains("somebody is there"), "a second time: {told}");
    assert!(!told.contains("correct horse"), "{told}");

    let mut builder = ServiceBuilder::new(api.clone(), "SERVER__BIND", folder.path());
    for (name, value) in &variables {
        builder = builder.variable(name, *value);
    }
    let service = builder.start().await;
    let bind = service.url.strip_prefix("http://").unwrap().to_owned();
    let (fine, told) = ask_api(&bind, &["healthcheck"]);
    assert!(fine && told == "ready\n", "{told}");
    let everywhere = bind.replace("127.0.0.1", "0.0.0.0");
    assert!(ask_api(&everywhere, &["healthcheck"]).0, "who listens everywhere listens on loopback");

    let jwt = ["jwt", "--subject", "console", "--scopes", "predict,config", "--days", "1"];
    let (output, told) = bellwether(&jwt, &variables, "");
    assert!(output.status.success(), "{told}");
    let status = |path: &'static str| {
        let call = bellwether_testkit::http::client().get(format!("{}{path}", service.url));
        let call = call.bearer_auth(told.trim_end());
        async move { call.send().await.unwrap().status().as_u16() }
    };
    assert_eq!((status("/config").await, status("/jobs/x").await), (200, 403), "its scopes and no others");
    let (output, told) =
        bellwether(&["jwt", "--subject", "console", "--scopes", "predict,all"], &variables, "");
    assert!(!output.status.success() && told.contains("expected one of predict, emails"), "{told}");

    drop(service);
    let (fine, told) = ask_api(&bind, &["healthcheck"]);
    assert!(!fine && told.contains("/ready does not answer: ") && told.contains("refused"), "{told}");
}
