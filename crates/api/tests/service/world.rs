//! The service as a child process on a database of its own, with its log at hand.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_core::config::ConfigDocument;
use bellwether_settings::Settings;
use bellwether_store::{NewConfigVersion, SharedDatabase};
use bellwether_testkit::wait::until;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

pub(crate) const TOKEN: &str = "the-shared-token";
pub(crate) const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
/// Debug builds verify bundles slowly.
const START: Duration = Duration::from_secs(120);

/// A running service. Dropping it kills it.
pub(crate) struct Service {
    child: Child,
    log: Log,
    variables: Vec<(String, String)>,
    pub(crate) database: SharedDatabase,
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

type Log = Arc<Mutex<Vec<Value>>>;

impl Service {
    /// Starts it with these settings on top, by their names.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(settings, &[]).await
    }

    /// The same with other variables than settings beside.
    pub(crate) async fn start_with(settings: &[(&str, &str)], beside: &[(&str, String)]) -> Self {
        bellwether_testkit::tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let variables = variables(folder.path(), settings);
        let database = migrated(&variables).await;
        let beside = beside.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let variables = variables.into_iter().chain(beside).collect::<Vec<_>>();
        let (child, log) = spawn(&variables);
        let mut service = Self { child, log, variables, database, url: String::new(), folder };
        service.until_ready().await;
        service
    }

    /// Kills it and starts it again on what it left.
    pub(crate) async fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, self.log) = spawn(&self.variables);
        self.until_ready().await;
    }

    async fn until_ready(&mut self) {
        let answering = self.line("answering", |_| true).await;
        self.url = format!("http://{}", answering["address"].as_str().unwrap());
        let ready = || async {
            reqwest::get(format!("{}/ready", self.url)).await.is_ok_and(|response| response.status() == 200)
        };
        until("it is ready", START, ready).await;
    }

    /// What it holds of this machine's memory, in MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        let pages: f64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
        pages * 4096.0 / f64::from(1 << 20)
    }

    /// The file of its database.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.path().join("database.sqlite")
    }

    /// What a route answers, which has to be a 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    /// Makes a changed document live, and answers its version.
    pub(crate) async fn change_config(&self, change: impl FnOnce(&mut ConfigDocument)) -> u64 {
        let live = self.database.live("local").await.unwrap().unwrap().readable().unwrap();
        let mut document = live.document;
        change(&mut document);
        let new = NewConfigVersion {
            environment: live.environment,
            parent: Some(live.version),
            document,
            author: "a test".to_owned(),
            reason: "to see".to_owned(),
            created_at: chrono::Utc::now(),
            provenance: None,
            stage_report: None,
        };
        let version = self.database.append(new).await.unwrap().version;
        assert_eq!(self.get("/config-refresh").await["version"], version);
        version
    }

    /// What `/metrics` says.
    pub(crate) async fn metrics(&self) -> String {
        self.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap()
    }

    /// Waits for a log line with this message that the test looks for.
    pub(crate) async fn line(&self, message: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let find = || self.lines().into_iter().find(|line| line["message"] == message && is_it(line));
        let found = async || find().is_some();
        until(&format!("the log says `{message}`: {:?}", self.lines()), START, found).await;
        find().unwrap()
    }

    /// Every log line so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    /// A request with the shared token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new().request(method, format!("{}{path}", self.url)).bearer_auth(TOKEN)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(variables: &[(String, String)]) -> (Child, Log) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bellwether-api"))
        .envs(variables.iter().cloned())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = Log::default();
    let (lines, writes) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            // A line that is no JSON would be a fault of its own: it is kept to be seen.
            let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
            writes.lock().unwrap().push(line);
        }
    });
    (child, log)
}

fn variables(folder: &Path, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    let own = [
        ("server.bind", "127.0.0.1:0".to_owned()),
        ("server.drain_notice_seconds", "0".to_owned()),
        ("auth.token", TOKEN.to_owned()),
        ("models.path", MODELS.to_owned()),
        ("database.url", format!("sqlite://{}", path("database.sqlite"))),
        ("journal.path", path("journal.sqlite")),
        ("queue.path", path("queue.sqlite")),
        ("archive.url", String::new()),
    ];
    let given = settings.iter().map(|(key, value)| (*key, (*value).to_owned()));
    let named = own.into_iter().chain(given);
    named
        .map(|(key, value)| (format!("BELLWETHER__{}", key.to_uppercase().replace('.', "__")), value))
        .collect()
}

/// The bundles that ship, by their uids in order.
pub(crate) fn bundles() -> Vec<String> {
    let models = std::fs::read_dir(MODELS).unwrap().map(|entry| entry.unwrap());
    let bundles = models.filter(|entry| entry.path().join("manifest.json").is_file());
    let mut uids: Vec<_> = bundles.map(|entry| entry.file_name().into_string().unwrap()).collect();
    uids.sort();
    uids
}

/// A database with the first config: one model answers everyone, and everyone is emailed about.
async fn migrated(variables: &[(String, String)]) -> SharedDatabase {
    let settings: Settings = futures_util::FutureExt::now_or_never(bellwether_settings::load_from(
        None,
        variables.iter().cloned(),
    ))
    .unwrap()
    .unwrap();
    let database = bellwether_engines::database(&settings).await.unwrap();
    database.migrate().await.unwrap();
    let mut document = ConfigDocument::initial(&bundles()[0]);
    document.email = bellwether_core::config::EmailPolicy::All;
    let new = NewConfigVersion {
        environment: settings.environment.as_str().to_owned(),
        parent: None,
        document,
        author: "test".to_owned(),
        reason: "the first".to_owned(),
        created_at: chrono::Utc::now(),
        provenance: None,
        stage_report: None,
    };
    database.append(new).await.unwrap();
    database
}
