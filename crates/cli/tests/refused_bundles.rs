//! A bundle that is not what it says it is never serves, and what served goes on serving.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

use bellwether_testkit::embedded::EmbeddedBuilder;
use bellwether_testkit::http;

use serde_json::{Value, json};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

/// A models folder with both shipped bundles, and room for broken ones.
fn models(folder: &Path) -> (PathBuf, String) {
    let models = folder.join("models");
    let copied = Command::new("cp").arg("-r").arg(shipped()).arg(&models).status().unwrap();
    assert!(copied.success());
    let mut uids: Vec<_> = std::fs::read_dir(&models)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    uids.sort();
    (models, uids.remove(0))
}

/// Copies a good bundle under another uid and spoils it.
fn spoil(models: &Path, good: &str, uid: &str, spoil: impl FnOnce(&Path, &mut Value)) {
    let bundle = models.join(uid);
    std::fs::create_dir(&bundle).unwrap();
    std::fs::copy(models.join(good).join("model.onnx"), bundle.join("model.onnx")).unwrap();
    let manifest = std::fs::read_to_string(models.join(good).join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["uid"] = uid.into();
    spoil(&bundle, &mut manifest);
    std::fs::write(bundle.join("manifest.json"), manifest.to_string()).unwrap();
}

#[tokio::test]
async fn spoilt_bundles_are_refused_with_their_reasons_while_the_good_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let (models, good) = models(folder.path());
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data"))
        .variable("BELLWETHER__MODELS__PATH", models.display().to_string())
        .start();
    spoil(&models, &good, "wrong_hash", |_, manifest| manifest["onnx"]["sha256"] = "0".repeat(64).into());
    spoil(&models, &good, "missing_column", |_, manifest| {
        let columns = manifest["columns"].as_u64().unwrap();
        manifest["columns"] = (columns + 1).into();
    });
    spoil(&models, &good, "failing_parity", |_, manifest| {
        let told = manifest["parity"][7]["probability"].as_f64().unwrap();
        manifest["parity"][7]["probability"] = ((told + 0.5) % 1.0).into();
    });
    spoil(&models, &good, "unknown_version", |_, manifest| manifest["format"] = 99.into());
    spoil(&models, &good, "truncated", |bundle, _| {
        let onnx = std::fs::OpenOptions::new().write(true).open(bundle.join("model.onnx")).unwrap();
        onnx.set_len(1000).unwrap();
    });
    spoil(&models, &good, "zeros", |bundle, manifest| {
        std::fs::File::create(bundle.join("model.onnx")).unwrap().set_len(1 << 30).unwrap();
        manifest["onnx"]["bytes"] = (1_u64 << 30).into();
    });
    std::fs::create_dir(models.join("empty")).unwrap();
    let refreshed = http::client().post(format!("{}/config-refresh", system.api)).send().await.unwrap();
    assert_eq!(refreshed.status(), 200);
    let config: Value = refreshed.json().await.unwrap();
    let refused = config["refused_models"].as_object().unwrap();
    let expected = [
        ("wrong_hash", "sha256"),
        ("missing_column", "column"),
        ("failing_parity", "parity"),
        ("unknown_version", "format"),
        ("truncated", "bytes"),
        ("zeros", "268435456 bytes"),
        ("empty", "manifest.json"),
    ];
    for (uid, word) in expected {
        let reason = refused.get(uid).and_then(Value::as_str).unwrap_or("not refused");
        println!("{uid}: {reason}");
        assert!(reason.contains(word), "{uid}: expected `{word}` in: {reason}");
    }
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    assert!(config["models"].get(&good).is_some(), "{config}");
    let body = json!({ "xp_points": 1 });
    let answer = http::client().post(format!("{}/predict", system.api)).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
