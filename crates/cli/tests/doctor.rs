//! `bellwether doctor` and the small commands: what they check, and what they say.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use bellwether_store::console::{AuditLog as _, verify_audit};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};

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
