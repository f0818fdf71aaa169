//! A console in this process on databases of its own, with people and tokens; its environments' apis are away.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use bellwether_config_admin::{ConsoleService, Parts, Reached};
use bellwether_core::config::ConfigDocument;
use bellwether_people::make_token;
use bellwether_settings::{Embedded, Settings};
use bellwether_store::console::{ConsoleToken, NewAuditEntry, Step};
use bellwether_store::memory::MemoryConfigChanges;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{NewConfigVersion, ReplicaReport, Role, SharedDatabase, SystemClock, User};
use chrono::{DateTime, TimeDelta, Utc};
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The bundle that both environments have.
pub(crate) const MODEL: &str = "bw-a";
/// Nobody listens there.
const NOWHERE: u16 = 1;

static METRICS: LazyLock<PrometheusHandle> = LazyLock::new(|| bellwether_web::metrics::begin().unwrap());

/// A running console.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) database: SharedDatabase,
    _folder: tempfile::TempDir,
    _stop: DropGuard,
}

/// How a token is made.
pub(crate) struct Made {
    pub(crate) owner: &'static str,
    /// What its owner may do.
    pub(crate) role: Role,
    /// What the token may do at most.
    pub(crate) token_role: Role,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) disabled: bool,
}

impl Made {
    /// A good token of somebody with this role.
    pub(crate) fn of(owner: &'static str, role: Role) -> Self {
        let expires_at = Utc::now() + TimeDelta::days(1);
        Self { owner, role, token_role: role, expires_at, disabled: false }
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        bellwether_testkit::tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let settings =
            Embedded::console(folder.path(), NOWHERE, NOWHERE, 0, None, std::iter::empty()).await.unwrap();
        let stage = environment(folder.path(), "stage").await;
        let prod = environment(folder.path(), "prod").await;
        let (metrics, clock) = (METRICS.clone(), Arc::new(SystemClock));
        Self::of(&settings, Parts { stage, prod, archive: None, metrics, clock }, folder)
    }

    /// A console that has opened its parts by itself, whose staging is set to servers that are not there; none where
    /// it does not start.
    pub(crate) async fn without_staging(database_of_stage: &str) -> anyhow::Result<Self> {
        bellwether_testkit::tls_provider();
        let folder = tempfile::tempdir().unwrap();
        environment(folder.path(), "prod").await.database.close().await;
        let file = folder.path().join("prod/bellwether.sqlite");
        let variables = [
            ("AUTH__MODE", "off".to_owned()),
            ("CONSOLE__BIND", "127.0.0.1:0".to_owned()),
            ("ARCHIVE__URL", String::new()),
            ("SMTP__URL", format!("file://{}", folder.path().join("outbox").display())),
            ("ENVIRONMENTS__STAGE__DATABASE__URL", database_of_stage.to_owned()),
            ("ENVIRONMENTS__STAGE__REDIS__URL", format!("redis://127.0.0.1:{NOWHERE}")),
            ("ENVIRONMENTS__STAGE__API__URL", format!("http://127.0.0.1:{NOWHERE}")),
            ("ENVIRONMENTS__PROD__DATABASE__URL", format!("sqlite://{}", file.display())),
            ("ENVIRONMENTS__PROD__API__URL", format!("http://127.0.0.1:{NOWHERE}")),
        ];
        let variables = variables.map(|(key, value)| (format!("BELLWETHER__{key}"), value));
        let settings = bellwether_settings::load_from(None, variables.into_iter()).await?;
        let parts = Box::pin(Parts::open(&settings, METRICS.clone())).await?;
        Ok(Self::of(&settings, parts, folder))
    }

    fn of(settings: &Settings, parts: Parts, folder: tempfile::TempDir) -> Self {
        let database = parts.prod.database.clone();
        let service = ConsoleService::build(settings, parts).unwrap();
        let url = format!("http://{}", service.address());
        let stop = CancellationToken::new();
        tokio::spawn(service.run_until_stopped(stop.clone()));
        Self { url, database, _folder: folder, _stop: stop.drop_guard() }
    }

    /// Adds a person with a token, and answers the token.
    pub(crate) async fn token(&self, made: Made) -> String {
        let (at, token) = (Utc::now(), make_token());
        let user = User {
            name: made.owner.to_owned(),
            password_hash: "none".to_owned(),
            role: made.role,
            created_at: at,
            disabled: made.disabled,
            email: None,
        };
        let kept = ConsoleToken {
            id: token.id,
            hash: token.hash,
            name: "pipeline".to_owned(),
            owner: made.owner.to_owned(),
            role: made.token_role,
            created_at: at,
            expires_at: made.expires_at,
            revoked_at: None,
            used_at: None,
        };
        self.commit(vec![Step::AddUser(user), Step::AddToken(kept)]).await;
        token.text
    }

    /// Changes something past the console.
    pub(crate) async fn commit(&self, steps: Vec<Step>) {
        let line = NewAuditEntry {
            at: Utc::now(),
            actor: "a test".to_owned(),
            action: "test.prepared".to_owned(),
            subject: "test".to_owned(),
            detail: json!({}),
        };
        self.database.commit(line, steps).await.unwrap();
    }

    /// Makes another document live in production, past the console.
    pub(crate) async fn change_production(&self, change: impl FnOnce(&mut ConfigDocument)) -> u64 {
        let live = self.database.live("prod").await.unwrap().unwrap().readable().unwrap();
        let mut document = live.document;
        change(&mut document);
        self.database.append(version("prod", Some(live.version), document)).await.unwrap().version
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new().request(method, format!("{}{path}", self.url))
    }

    /// Sends a body, or none, with a token: the status, and what was answered.
    pub(crate) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let mut request = self.request(method, path).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> (u16, Value) {
        self.call(token, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call(token, Method::POST, path, Some(body)).await
    }

    /// What is live in production, with another cutoff, as a draft.
    pub(crate) async fn draft(&self, token: &str, cutoff: f64, reason: &str) -> Value {
        let (status, live) = self.get(token, "/api/environments/prod/config").await;
        assert_eq!(status, 200, "{live}");
        let mut document = live["document"].clone();
        document["proba_cutoff"] = json!(cutoff);
        json!({ "document": document, "reason": reason })
    }
}

/// The fields that a problem names.
pub(crate) fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["field"].as_str()).collect()
}

async fn environment(folder: &std::path::Path, name: &str) -> Reached {
    std::fs::create_dir_all(folder.join(name)).unwrap();
    let file = folder.join(name).join("bellwether.sqlite");
    let database = Sqlite::connect(file.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    let database: SharedDatabase = Arc::new(database);
    database.migrate().await.unwrap();
    database.append(version(name, None, ConfigDocument::initial(MODEL))).await.unwrap();
    let report = ReplicaReport {
        environment: name.to_owned(),
        replica: format!("{name}-0"),
        version: Some(1),
        sha256: None,
        bundles: BTreeMap::from([(MODEL.to_owned(), "ab".repeat(32))]),
        refused: None,
        journal_oldest_at: None,
        traffic: None,
        started_at: Utc::now(),
        // It is not to fall silent while a test runs.
        at: Utc::now() + TimeDelta::hours(1),
    };
    database.report(&report).await.unwrap();
    Reached { database, changes: Arc::new(MemoryConfigChanges::default()) }
}

fn version(environment: &str, parent: Option<u64>, document: ConfigDocument) -> NewConfigVersion {
    NewConfigVersion {
        environment: environment.to_owned(),
        parent,
        document,
        author: "a test".to_owned(),
        reason: "to begin with".to_owned(),
        created_at: Utc::now(),
        provenance: None,
        stage_report: None,
    }
}
