//! A production system for one test: servers, an api, a worker, a load, and the count of what arrived.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellwether_core::config::EmailPolicy;
use bellwether_store::archive::FolderArchive;
use bellwether_store::mysql::{Mysql, MysqlOptions};
use bellwether_store::{ConfigStore as _, Database as _, LoginDetails, NewConfigVersion, PredictionLog as _};
use bellwether_testkit::load::{Load, Met};
use bellwether_testkit::mariadb::MariaDb;
use bellwether_testkit::redis::RedisProcess;
use bellwether_testkit::service::{Service, ServiceBuilder, program};
use bellwether_testkit::wait::until;
use bellwether_testkit::{Received, Reply, SmtpSink, http};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

/// Longer than any back-off, takeover or restart here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
pub(crate) const TOKEN: &str = "a token for tests only";

/// How long servers are away.
pub(crate) fn outage() -> Duration {
    let asked = std::env::var("BELLWETHER_OUTAGE_SECONDS").ok();
    Duration::from_secs(asked.map_or(10, |seconds| seconds.parse().expect("whole seconds")))
}

/// One system at a time: figures of two would be figures of neither.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    ONE.lock().await
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) mariadb: MariaDb,
    pub(crate) database_url: String,
    pub(crate) redis: RedisProcess,
    pub(crate) smtp: SmtpSink,
    /// Settings that both services get.
    pub(crate) settings: Vec<(String, String)>,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    /// Servers, a migrated database, and a config that emails as `policy` says.
    pub(crate) async fn new(policy: EmailPolicy) -> Self {
        let alone = alone().await;
        let folder = tempfile::tempdir().unwrap();
        let mariadb = MariaDb::start().await;
        let database_url = mariadb.create_database().await;
        let redis = RedisProcess::start();
        let smtp = SmtpSink::start(|_| Reply::Usual).await.unwrap();
        let settings = [
            ("ENVIRONMENT", "prod".to_owned()),
            ("DATABASE__URL", database_url.clone()),
            ("REDIS__URL", redis.url()),
            ("SMTP__URL", smtp.url()),
            ("MODELS__PATH", models().display().to_string()),
            ("ARCHIVE__URL", format!("file://{}", folder.path().join("archive").display())),
            ("ARCHIVE__BATCH_SECONDS", "1".to_owned()),
            ("AUTH__TOKEN", TOKEN.to_owned()),
            ("LOG__LEVEL", "warn".to_owned()),
            ("REPLICAS__HEARTBEAT_SECONDS", "1".to_owned()),
            ("CONFIG__POLL_SECONDS", "2".to_owned()),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value)).to_vec();
        let world = Self { folder, mariadb, database_url, redis, smtp, settings, _alone: alone };
        world.migrate(policy).await;
        world
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.to_owned(), value.into()));
    }

    /// A service that keeps its port and, the api, its journal over restarts.
    fn builder(&self, name: &str, bind: &str) -> ServiceBuilder {
        let program = program(env!("CARGO_BIN_EXE_bellwether"), name);
        let builder = ServiceBuilder::new(program, bind, self.folder.path());
        self.settings.iter().fold(builder, |builder, (key, value)| builder.setting(key, value))
    }

    pub(crate) fn api(&self, replica: &str) -> ServiceBuilder {
        let journal = self.folder.path().join(replica).join("journal.sqlite");
        self.builder("bellwether-api", "SERVER__BIND")
            .setting("REPLICA", replica)
            .setting("JOURNAL__PATH", journal.display().to_string())
    }

    pub(crate) fn worker(&self) -> ServiceBuilder {
        self.builder("bellwether-worker", "WORKER__BIND")
    }

    /// An api and a worker, up.
    pub(crate) async fn services(&self) -> (Service, Service) {
        let (api, worker) = (self.api("api-0"), self.worker());
        tokio::join!(api.start(), worker.start())
    }

    /// [`Self::api`] and [`Self::worker`] for whoever does the same to both.
    pub(crate) fn api_of(&self) -> ServiceBuilder {
        self.api("api-0")
    }

    pub(crate) fn worker_of(&self) -> ServiceBuilder {
        self.worker()
    }

    pub(crate) async fn store(&self) -> Mysql {
        let login = Arc::new(LoginDetails::of_url(self.database_url.clone()));
        Mysql::connect(login, MysqlOptions::default()).await.unwrap()
    }

    async fn migrate(&self, policy: EmailPolicy) {
        let mut migrate = std::process::Command::new(env!("CARGO_BIN_EXE_bellwether"));
        migrate.arg("migrate");
        for (key, value) in &self.settings {
            migrate.env(format!("BELLWETHER__{key}"), value);
        }
        assert!(migrate.status().unwrap().success());
        let store = self.store().await;
        let live = store.live("prod").await.unwrap().unwrap().readable().unwrap();
        let mut document = live.document;
        document.email = policy;
        let new = NewConfigVersion {
            environment: "prod".to_owned(),
            parent: Some(live.version),
            document,
            author: "a test".to_owned(),
            reason: "to count".to_owned(),
            created_at: chrono::Utc::now(),
            provenance: None,
            stage_report: None,
        };
        store.append(new).await.unwrap();
        store.close().await;
    }

    /// Waits until every answered uid is in the log, in the archive once, and, where all are emailed, at the
    /// mail server once or, where a process died in between, twice at most.
    pub(crate) async fn nothing_is_lost(&self, met: &Met, emailed: Emailed) {
        let begun = Instant::now();
        let store = self.store().await;
        until("every answer is in the log", PATIENCE, async || missing(&store, met).await == 0).await;
        println!("  all {} in the log after {:?}", met.answered.len(), begun.elapsed());
        let archive = FolderArchive::new(self.folder.path().join("archive"));
        until("every answer is in the archive", PATIENCE, async || {
            let counts = archived(&archive).await;
            met.answered.iter().all(|uid| counts.contains_key(uid))
        })
        .await;
        let counts = archived(&archive).await;
        assert!(counts.values().all(|count| *count == 1), "each is in the archive once");
        if emailed == Emailed::None {
            return;
        }
        until("every answer is emailed", PATIENCE, async || {
            let sent = mailed(&self.smtp.received());
            met.answered.iter().all(|uid| sent.contains_key(uid))
        })
        .await;
        let sent = mailed(&self.smtp.received());
        let twice = sent.values().filter(|count| **count == 2).count();
        println!("  all emailed after {:?}; {twice} twice", begun.elapsed());
        assert!(sent.values().all(|count| *count <= 2), "no email goes out more than twice");
        if emailed == Emailed::Once {
            assert_eq!(twice, 0, "no process died: each email goes out once");
        }
    }
}

/// What is asked of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emailed {
    /// Nothing.
    None,
    /// Every prediction, once.
    Once,
    /// Every prediction, twice where a process died between the server's 250 and the record.
    OnceOrTwice,
}

/// Some forty calls a second: a debug build mails as many.
pub(crate) fn load(apis: &[&Service]) -> Load {
    let urls: Vec<_> = apis.iter().map(|api| api.url.clone()).collect();
    Load::start(&urls, 4, Duration::from_millis(100), TOKEN)
}

pub(crate) async fn flows(load: &Load, more: usize) {
    let target = load.answered() + more;
    until("load flows", PATIENCE, async || load.answered() >= target).await;
}

async fn missing(store: &Mysql, met: &Met) -> usize {
    let limit = u32::try_from(met.answered.len() + 100_000).unwrap();
    let logged: std::collections::HashSet<_> =
        store.recent(limit).await.unwrap().iter().map(bellwether_core::prediction::LogRecord::uid).collect();
    met.answered.difference(&logged).count()
}

/// How often each prediction is in an archive.
pub(crate) async fn archived(archive: &dyn bellwether_store::archive::ArchiveStore) -> HashMap<Uuid, u32> {
    let mut counts = HashMap::new();
    let mut after: Option<String> = None;
    loop {
        let keys = archive.list("prod", after.as_deref()).await.unwrap();
        for key in &keys {
            let object = archive.get(key).await.unwrap().unwrap();
            let lines = zstd::decode_all(object.as_slice()).unwrap();
            for line in String::from_utf8(lines).unwrap().lines() {
                let record: bellwether_core::prediction::LogRecord = serde_json::from_str(line).unwrap();
                *counts.entry(record.uid()).or_default() += 1;
            }
        }
        let Some(last) = keys.last() else { return counts };
        after = Some(last.clone());
    }
}

/// How often each prediction was emailed, by the uid in its Message-ID.
pub(crate) fn mailed(received: &[Received]) -> HashMap<Uuid, u32> {
    let mut counts = HashMap::new();
    for message in received {
        let header =
            message.data.lines().find(|line| line.to_lowercase().starts_with("message-id:")).unwrap();
        let id = header.split(['<', '@']).find_map(|part| part.trim().parse::<Uuid>().ok()).unwrap();
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// What a service has counted, as `/metrics` tells it, summed over labels.
pub(crate) async fn metric(url: &str, name: &str) -> u64 {
    let text = http::get(&format!("{url}/metrics")).await.unwrap().text().await.unwrap();
    let values = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    values.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}
