//! The rules of the house that no compiler keeps: who may depend on whom, and how a service is entered.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Our crates, and which of ours each depends on, dev-dependencies left out.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let short = |name: &str| name.strip_prefix("bellwether-").map(str::to_owned);
    let ours = metadata.packages.iter().map(|package| {
        let normal =
            package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        (short(&package.name).unwrap(), normal.filter_map(|dependency| short(&dependency.name)).collect())
    });
    ours.collect()
}

#[test]
fn crates_depend_only_on_those_the_architecture_allows() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("core", [].as_slice()),
        ("settings", &[]),
        ("store", &["core"]),
        ("jobs", &["core", "store"]),
        ("experiments", &["core", "store"]),
        ("people", &[]),
        ("pages", &["store", "web", "people"]),
        ("engines", &["core", "settings", "store", "jobs"]),
        ("web", &["core", "store", "settings"]),
        ("api", &["core", "settings", "store", "jobs", "engines", "web", "pages"]),
        ("mail", &["store"]),
        ("worker", &["core", "settings", "store", "jobs", "engines", "web", "mail"]),
        (
            "config-admin",
            &["core", "settings", "store", "engines", "experiments", "web", "mail", "people", "pages"],
        ),
        (
            "cli",
            &[
                "core",
                "settings",
                "store",
                "jobs",
                "engines",
                "experiments",
                "web",
                "mail",
                "people",
                "api",
                "worker",
                "config-admin",
            ],
        ),
        ("testkit", &["core", "settings", "store", "jobs"]),
    ]);
    for (name, uses) in dependencies() {
        let allowed =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("crate {name} is new to this test"));
        for used in uses {
            assert!(allowed.contains(&used.as_str()), "{name} may not depend on {used}");
        }
    }
}

#[test]
fn the_core_knows_neither_network_nor_database_nor_environment() {
    for file in rust_files(&root().join("crates/core/src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for forbidden in ["std::net", "sqlx", "tokio", "reqwest", "std::env", "Utc::now", "SystemTime::now"] {
            assert!(!text.contains(forbidden), "{} mentions {forbidden}", file.display());
        }
    }
}

#[test]
fn every_service_is_entered_by_a_short_main() {
    for service in ["api", "worker", "config-admin", "cli"] {
        let main = std::fs::read_to_string(root().join(format!("crates/{service}/src/main.rs"))).unwrap();
        assert!(main.lines().count() < 40, "{service}/src/main.rs has {} lines", main.lines().count());
    }
}

#[test]
fn every_module_opens_with_what_belongs_in_it() {
    for file in rust_files(&root().join("crates")) {
        let path = file.to_string_lossy().into_owned();
        if path.ends_with("tests.rs") || path.ends_with("build.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{path} has no plate");
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!["utils", "common", "helpers", "misc"].contains(&name.as_str()), "{path} says nothing");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}
