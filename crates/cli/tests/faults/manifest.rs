//! What the api's manifest says of its life: when it is ready, how it is told to leave, how long it may take.

use std::path::Path;
use std::process::Command;

use bellwether_testkit::tools::tool;
use serde_json::Value;

/// The times of the api's pod in `k8s/base`, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiManifest {
    pub(crate) period_seconds: u32,
    pub(crate) timeout_seconds: u32,
    pub(crate) failure_threshold: u32,
    pub(crate) min_ready_seconds: u32,
    pub(crate) grace_seconds: u32,
    pub(crate) drain_notice_seconds: u32,
    pub(crate) drain_seconds: u32,
}

/// Prints every document of a file as one JSON list.
const AS_JSON: &str =
    "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";

impl ApiManifest {
    /// Reads the StatefulSet, and the settings of `server` that its container gets by itself or by the file of settings
    /// that api, worker and migration share.
    pub(crate) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../k8s/base/environment");
        let documents = documents(&folder.join("api.yaml"));
        let set = documents.iter().find(|document| document["kind"] == "StatefulSet").expect("a StatefulSet");
        let pod = &set["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let probe = &container["readinessProbe"];
        assert_eq!(probe["httpGet"]["path"], "/ready");
        assert_eq!(container.get("lifecycle"), None, "a hook before SIGTERM is no part of this simulation");
        let shared = std::fs::read_to_string(folder.join("settings.env")).unwrap();
        let setting = |key: &str| {
            let name = format!("BELLWETHER__SERVER__{key}");
            let own = container["env"].as_array().into_iter().flatten();
            let own = own.filter(|variable| variable["name"] == *name).find_map(|own| own["value"].as_str());
            let shared = shared.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix('='));
            let value = own.or(shared).unwrap_or_else(|| panic!("{name} is not set for the api"));
            value.parse().expect("whole seconds")
        };
        Self {
            period_seconds: number(&probe["periodSeconds"]),
            timeout_seconds: probe.get("timeoutSeconds").map_or(1, number),
            failure_threshold: number(&probe["failureThreshold"]),
            min_ready_seconds: set["spec"].get("minReadySeconds").map_or(0, number),
            grace_seconds: number(&pod["terminationGracePeriodSeconds"]),
            drain_notice_seconds: setting("DRAIN_NOTICE_SECONDS"),
            drain_seconds: setting("DRAIN_SECONDS"),
        }
    }
}

fn documents(file: &Path) -> Vec<Value> {
    let read = Command::new(tool("python")).args(["-c", AS_JSON]).arg(file).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).unwrap()
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| number.try_into().ok()).expect("a whole number")
}
