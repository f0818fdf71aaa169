//! The OpenAPI documents describe what the services do: Schemathesis tries them and finds nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bellwether_testkit::embedded::{Embedded, EmbeddedBuilder};
use bellwether_testkit::tools::tool;
use bellwether_testkit::wait::until;

#[test]
fn schemathesis_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let system = started(folder.path());
    try_all(folder.path(), &format!("{}/openapi.json", system.api), &["--max-examples", "60"]);
}

/// Production has a version that went the whole way, so that answers with a report and a rollout are seen too. A body
/// that the schema allows may still be no config: arms that do not sum to 100, a model that is not there.
#[tokio::test]
async fn schemathesis_finds_nothing_in_the_console_either() {
    let folder = tempfile::tempdir().unwrap();
    let system = started(folder.path());
    let data = system.data().to_str().unwrap();
    let made = ["user", "token", "admin", "--name", "ci", "--role", "admin", "--data-dir", data];
    let token = said(bellwether().args(made));
    let way =
        ["propose", "--set", "proba_cutoff=0.7", "--reason", "to be seen", "--try", "--promote", "--wait"];
    let way = [way.as_slice(), &["--bake-minutes", "0"]].concat();
    let config = |args: &[&str]| {
        let mut config = bellwether();
        config.arg("config").args(args);
        config.env("BELLWETHER_CONSOLE_URL", &system.console).env("BELLWETHER_CONSOLE_TOKEN", token.trim());
        said(&mut config)
    };
    // What is up may not have said so yet.
    let reported = async || config(&["status"]).matches("1/1 replicas have it").count() == 2;
    until("both replicas have reported", Duration::from_secs(30), reported).await;
    config(&way);
    let bearer = format!("Authorization: Bearer {}", token.trim());
    // Some calls wait for a minute for something to happen, as they may.
    let patience = ["--request-timeout", "90", "--max-response-time", "70"];
    let more = ["--max-examples", "30", "--exclude-checks", "positive_data_acceptance", "-H", &bearer];
    let more = [more.as_slice(), &patience].concat();
    try_all(folder.path(), &format!("{}/api/openapi.json", system.console), &more);
}

fn started(folder: &Path) -> Embedded {
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.join("data"));
    // Hundreds of explanations are asked for: cheap ones will do.
    system.variable("BELLWETHER__EXPLAIN__ROUNDS", "1").start()
}

fn bellwether() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bellwether"))
}

/// What a command says, which has to end well.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn try_all(folder: &Path, document: &str, more: &[&str]) {
    let output = Command::new(tool("schemathesis"))
        .args(["run", document, "--checks", "all", "--seed", "20261122", "--no-color"])
        .args(["--suppress-health-check", "all"])
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{told}");
}
