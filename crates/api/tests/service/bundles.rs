//! What a replica says of the bundles in its folder.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{MODELS, Service, bundles};

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn manifest(uid: &str) -> Value {
    let text = std::fs::read(Path::new(MODELS).join(uid).join("manifest.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[tokio::test]
async fn every_bundle_in_the_folder_is_told_loadable_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let uids = bundles();
    for uid in &uids {
        copy(&Path::new(MODELS).join(uid), &folder.path().join(uid));
    }
    let broken = folder.path().join("zz_broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("manifest.json"), "{").unwrap();
    let models = folder.path().to_str().unwrap();
    let service = Service::start(&[("auth.mode", "off"), ("models.path", models)]).await;

    let told = service.get("/bundles").await;
    let config = service.get("/config").await;
    assert_eq!(told.as_array().unwrap().len(), 3, "{told}");
    for (told, (uid, in_use)) in told.as_array().unwrap().iter().zip(uids.iter().zip([true, false])) {
        let manifest = manifest(uid);
        let expected = json!({
            "uid": uid, "name": manifest["name"], "created_at": manifest["created_at"],
            "sha256": config["models"][uid], "loadable": true, "reason": null,
            "metrics": manifest["metrics"], "in_use": in_use,
        });
        assert_eq!(told, &expected);
    }
    let refused = &told[2];
    assert_eq!(
        (&refused["uid"], &refused["loadable"], &refused["in_use"]),
        (&json!("zz_broken"), &json!(false), &json!(false))
    );
    assert!(refused["reason"].as_str().unwrap().contains("manifest.json"), "{refused}");
    for field in ["name", "created_at", "sha256", "metrics"] {
        assert_eq!(refused[field], Value::Null, "{field}");
    }
    service.change_config(|document| document.shadow = vec![uids[1].clone()]).await;
    assert_eq!(service.get("/bundles").await[1]["in_use"], true, "a shadow is in use too");

    std::fs::remove_dir_all(&broken).unwrap();
    service.get("/config-refresh").await;
    assert_eq!(service.get("/bundles").await.as_array().unwrap().len(), 2, "a refresh looks again");
}

#[tokio::test]
async fn a_bundle_s_parity_rows_can_be_asked_as_they_are_in_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let uid = &bundles()[0];
    copy(&Path::new(MODELS).join(uid), &folder.path().join(uid));
    std::fs::create_dir(folder.path().join("zz_broken")).unwrap();
    let models = folder.path().to_str().unwrap();
    let service = Service::start(&[("auth.mode", "off"), ("models.path", models)]).await;

    let parity = service.get(&format!("/bundles/{uid}/parity")).await;
    let known = service.get("/bundles").await[0]["sha256"].clone();
    assert_eq!(
        (&parity["uid"], &parity["sha256"], &parity["tolerance"]),
        (&json!(uid), &known, &json!(1e-5))
    );
    assert_eq!(parity["rows"], manifest(uid)["parity"], "training's own, to the last bit");

    let statistics = service.get(&format!("/bundles/{uid}/statistics")).await;
    assert_eq!(statistics["sha256"], known);
    for part in ["statistics", "metrics"] {
        assert_eq!(statistics[part], manifest(uid)[part], "{part}");
    }
    let features = manifest(uid)["features"].as_array().unwrap().clone();
    let named = features.iter().map(|feature| json!({ "name": feature["name"], "kind": feature["kind"] }));
    assert_eq!(statistics["features"], named.collect::<Value>());

    let row = &parity["rows"][0];
    let asked = service.request(Method::POST, "/predict").header("x-bellwether-purpose", "trial");
    let answer: Value = asked.json(&row["input"]).send().await.unwrap().json().await.unwrap();
    let (got, expected) = (&answer["trial"]["scores"][uid], &row["probability"]);
    assert!((got.as_f64().unwrap() - expected.as_f64().unwrap()).abs() <= 1e-5, "{got} and {expected}");

    for (uid, reason) in
        [("no_such", "no such bundle"), ("zz_broken", "is refused: "), ("..%2f..", "no such")]
    {
        for part in ["parity", "statistics"] {
            let path = format!("/bundles/{uid}/{part}");
            let response = service.request(Method::GET, &path).send().await.unwrap();
            assert_eq!(response.status(), 404, "{uid}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let problem: Value = response.json().await.unwrap();
            assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");
        }
    }
}
