//! The OpenAPI document describes what the service does: Schemathesis tries it and finds nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::process::Command;

use bellwether_testkit::embedded::EmbeddedBuilder;

#[test]
fn schemathesis_finds_nothing() {
    let tools = std::env::var_os("BELLWETHER_TOOLS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/tools/bin")),
        PathBuf::from,
    );
    let schemathesis = tools.join("schemathesis");
    assert!(schemathesis.is_file(), "{} is missing: run scripts/install-test-tools", schemathesis.display());
    let folder = tempfile::tempdir().unwrap();
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data")).start();
    let output = Command::new(schemathesis)
        .args(["run", &format!("{}/openapi.json", system.api), "--checks", "all"])
        .args(["--max-examples", "60", "--seed", "20261122", "--no-color", "--suppress-health-check", "all"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{told}");
}
