//! Every container that docker-compose.yml or an overlay of k8s/ starts finds settings that its service takes: no key
//! that there is not, nothing missing, no value that is refused. The real loader says so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use bellwether_settings::{Environment, Problems, SecretError, SecretSource, Settings, load_with};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// What stands in every secret: long enough for any, and fit for a URL.
const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";

/// A container as `k8s/tests/environments.py` tells it. What Kubernetes fills in stands in `<>`.
#[derive(Debug, Clone, Deserialize)]
struct Container {
    #[serde(rename = "container")]
    name: String,
    image: String,
    environment: BTreeMap<String, String>,
}

/// Rendered once: kubectl takes its time.
static CONTAINERS: LazyLock<Vec<Container>> = LazyLock::new(|| {
    let script = project().join("k8s/tests/environments.py");
    let told = Command::new(bellwether_testkit::tools::tool("python")).arg(script).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).unwrap()
});

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Container {
    /// All that the service finds: what its image says, and over it what the container is given.
    fn variables(&self) -> BTreeMap<String, String> {
        let given = self.environment.iter().map(|(name, value)| {
            let value = match value.as_str() {
                told if told.starts_with("<secret ") => SECRET,
                "<field metadata.name>" => "api-0",
                told => told,
            };
            (name.clone(), value.to_owned())
        });
        image_variables(&self.image).into_iter().chain(given).collect()
    }

    async fn load(&self) -> Result<Settings, Problems> {
        let variables = self.variables();
        let source = Fields::named_in(variables.values());
        let settings = load_with(None, variables.into_iter(), Arc::new(source)).await?;
        if self.image == "bellwether-config-admin" {
            settings.complete_for_console()?;
        }
        Ok(settings)
    }

    /// What is wrong with it, with its name; nothing where all is well.
    async fn faults(&self) -> Vec<String> {
        let problems = self.load().await.err().map_or_else(Vec::new, |problems| problems.0);
        problems.into_iter().map(|p| format!("{}: {}: {}", self.name, p.key, p.message)).collect()
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.environment.insert(name.to_owned(), value.to_owned());
        changed
    }

    fn without(&self, name: &str) -> Self {
        let mut changed = self.clone();
        assert!(changed.environment.remove(name).is_some(), "{} has no {name}", self.name);
        changed
    }
}

/// The `ENV` of the last stage of an image's Dockerfile.
fn image_variables(image: &str) -> BTreeMap<String, String> {
    let service = image.strip_prefix("bellwether-").unwrap_or("cli");
    let file = project().join(format!("deploy/docker/{service}.Dockerfile"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let text = text.replace("\\\n", " ");
    let last = text.rsplit("\nFROM ").next().unwrap();
    let lines = last.lines().filter_map(|line| line.strip_prefix("ENV "));
    let pairs = lines.flat_map(str::split_whitespace).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

/// Secrets that hold exactly the fields that settings name.
struct Fields(BTreeMap<String, BTreeSet<String>>);

impl Fields {
    fn named_in<'a>(values: impl Iterator<Item = &'a String>) -> Self {
        let mut fields = BTreeMap::<_, BTreeSet<_>>::new();
        for reference in values.filter_map(|value| value.strip_prefix("secret:")) {
            let (name, field) = reference.split_once('#').expect("a secret of ours has fields");
            fields.entry(name.to_owned()).or_default().insert(field.to_owned());
        }
        Self(fields)
    }
}

#[async_trait]
impl SecretSource for Fields {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        let fields = self.0.get(name).ok_or_else(|| SecretError::Missing(name.to_owned()))?;
        let object: BTreeMap<_, _> = fields.iter().map(|field| (field, SECRET)).collect();
        Ok(serde_json::to_string(&object).unwrap().into())
    }
}

fn named(name: &str) -> &'static Container {
    let found = CONTAINERS.iter().find(|container| container.name == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}

const API: &str = "k8s/overlays/local: StatefulSet api, container api";
const CONSOLE: &str = "k8s/overlays/prod: Deployment config-admin, container config-admin";

#[tokio::test]
async fn every_container_starts_with_settings_that_its_service_takes() {
    let mut faults = Vec::new();
    for container in CONTAINERS.iter() {
        faults.extend(container.faults().await);
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_image_of_ours_is_started_by_compose_and_by_every_overlay() {
    let ours = |place: &str| -> BTreeSet<_> {
        let there = CONTAINERS.iter().filter(|container| container.name.starts_with(place));
        there.map(|container| container.image.as_str()).collect()
    };
    let all = ["bellwether", "bellwether-api", "bellwether-config-admin", "bellwether-worker"];
    for place in ["docker-compose.yml, without .env:", "docker-compose.yml, with .env.example:"] {
        assert_eq!(ours(place), BTreeSet::from(all), "{place}");
    }
    for overlay in ["local", "local-keda", "prod", "prod-keda"] {
        assert_eq!(ours(&format!("k8s/overlays/{overlay}:")), BTreeSet::from(all), "{overlay}");
    }
    // Staging's console stands beside production.
    let without_console = BTreeSet::from(["bellwether", "bellwether-api", "bellwether-worker"]);
    assert_eq!(ours("k8s/overlays/stage:"), without_console);
}

#[tokio::test]
async fn what_each_is_told_arrives_in_its_settings() {
    let settings = named(API).load().await.unwrap();
    assert_eq!(settings.environment, Environment::Prod);
    assert_eq!(settings.replica, "api-0");
    assert_eq!(settings.models.path, Path::new("/models"), "as the image says");
    assert_eq!(settings.database.password.expose_secret(), SECRET, "from a Secret of Kubernetes'");
    let settings = named(CONSOLE).load().await.unwrap();
    let stage = &settings.environments.stage;
    assert_eq!(stage.database.password.expose_secret(), SECRET, "from Secrets Manager");
    assert_eq!(stage.api.token.expose_secret(), SECRET);
}

#[tokio::test]
async fn an_environment_of_one_place_is_that_of_the_others() {
    for container in CONTAINERS.iter() {
        let expected = match &container.name {
            name if name.contains("-stage") || name.contains("/stage:") => Environment::Stage,
            _ => Environment::Prod,
        };
        assert_eq!(container.load().await.unwrap().environment, expected, "{}", container.name);
    }
}

#[tokio::test]
async fn a_key_that_there_is_not_is_told_with_the_container() {
    let faults = named(API).with("BELLWETHER__DATABSE__URL", "mysql://mysql/b").faults().await;
    assert_eq!(
        faults,
        [format!("{API}: databse.url: there is no such setting (variable BELLWETHER__DATABSE__URL)")]
    );
}

#[tokio::test]
async fn what_is_missing_is_told_with_the_container() {
    let bare = named(API).without("BELLWETHER__AUTH__JWT_AUDIENCE");
    let faults = bare.faults().await.join("\n");
    assert!(faults.starts_with(&format!("{API}: auth.jwt_audience: expected")), "{faults}");
    let bare = named(CONSOLE).without("BELLWETHER__ENVIRONMENTS__STAGE__DATABASE__URL");
    let faults = bare.faults().await.join("\n");
    assert!(faults.starts_with(&format!("{CONSOLE}: environments.stage.database.url:")), "{faults}");
}

#[tokio::test]
async fn a_value_that_is_refused_is_told_with_the_container() {
    let faults = named(API).with("BELLWETHER__SERVER__DRAIN_SECONDS", "20s").faults().await.join("\n");
    assert!(faults.starts_with(&format!("{API}: server.drain_seconds: expected a whole number")), "{faults}");
    let faults = named(API).with("BELLWETHER__AUTH__MODE", "off").faults().await.join("\n");
    assert!(faults.starts_with(&format!("{API}: auth.mode: \"off\" is refused")), "{faults}");
}
