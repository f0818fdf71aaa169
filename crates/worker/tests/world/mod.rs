//! A database, a queue and a worker for one test.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::treatment::Treatment;
use bellwether_jobs::redis::RedisQueue;
use bellwether_jobs::sqlite::SqliteQueue;
use bellwether_jobs::{Chance, EmailOutbox, JobQueue, PAYLOAD_SCHEMA, SendPredictionEmail, WorkError};
use bellwether_store::redis::{RedisOptions, RedisServer};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{Clock, Database as _, EmailJob, EmailJobState, EmailJobs, LoginDetails, SystemClock};
use bellwether_testkit::redis::{Kept, RedisProcess};
use bellwether_worker::startup::{EmailOptions, JobOptions, Means, WorkerService};
use chrono::Utc;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Makes tests of checks that take a world, one on each queue.
#[allow(unused_macros, reason = "each test file uses its part")]
macro_rules! on_each_queue {
    ($($check:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $check() {
                super::$check(crate::world::World::new().await).await;
            })+
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $check() {
                super::$check(crate::world::World::on_redis().await).await;
            })+
        }
    };
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) store: Arc<Sqlite>,
    /// Holds the queue, where it is not in the folder.
    redis: Option<RedisProcess>,
    pub(crate) means: Means,
}

pub(crate) struct Worker {
    stop: CancellationToken,
    run: JoinHandle<Result<(), WorkError>>,
}

impl Worker {
    /// One that runs.
    pub(crate) fn of(service: WorkerService) -> Self {
        let stop = CancellationToken::new();
        Self { run: tokio::spawn(service.run(stop.clone())), stop }
    }

    pub(crate) async fn stop(self) -> Result<(), WorkError> {
        self.stop.cancel();
        self.run.await.unwrap()
    }
}

/// The shortest waits that the policy allows.
pub(crate) fn no_jitter() -> Chance {
    Arc::new(|| 0.0)
}

/// Opens the database in a folder, and the queue there or on the Redis at a URL.
pub(crate) async fn open(folder: &Path, redis: Option<&str>) -> (Arc<Sqlite>, Means) {
    let database = folder.join("bellwether.db");
    let store = Sqlite::connect(database.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    let store = Arc::new(store);
    let queue = queue(folder, redis).await;
    let means = Means {
        jobs: store.clone(),
        keys: store.clone(),
        queue,
        clock: Arc::new(SystemClock),
        chance: no_jitter(),
    };
    (store, means)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(None).await
    }

    pub(crate) async fn on_redis() -> Self {
        Self::with(Some(RedisProcess::start())).await
    }

    async fn with(redis: Option<RedisProcess>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, means) = open(folder.path(), redis.as_ref().map(RedisProcess::url).as_deref()).await;
        Self { folder, store, redis, means }
    }

    /// What another process needs to open the same: the folder, and a URL or nothing.
    pub(crate) fn place(&self) -> String {
        let redis = self.redis.as_ref().map(RedisProcess::url).unwrap_or_default();
        format!("{}|{redis}", self.folder.path().display())
    }

    /// The queue loses all that it held.
    pub(crate) async fn lose_queue(&mut self) {
        if let Some(redis) = &mut self.redis {
            redis.restart(Kept::Nothing);
            return;
        }
        for file in ["queue.db", "queue.db-wal", "queue.db-shm"] {
            std::fs::remove_file(self.folder.path().join(file)).ok();
        }
        self.means.queue = queue(self.folder.path(), None).await;
    }

    pub(crate) fn outbox(&self) -> EmailOutbox {
        let Means { jobs, queue, clock, .. } = self.means.clone();
        EmailOutbox::new(jobs, queue, clock)
    }

    pub(crate) async fn order(&self, count: usize, recipients: &[&str]) -> Vec<Uuid> {
        let emails: Vec<_> = (0..count).map(|n| email(&format!("client-{n}"), recipients)).collect();
        self.outbox().order(&emails).await.unwrap();
        emails.iter().map(|email| email.uid).collect()
    }

    pub(crate) fn start(&self, url: &str) -> Worker {
        self.start_with(&options(url), JobOptions::default())
    }

    pub(crate) fn start_with(&self, email: &EmailOptions, jobs: JobOptions) -> Worker {
        start(self.means.clone(), email, jobs)
    }

    pub(crate) async fn job(&self, uid: Uuid) -> EmailJob {
        self.store.find(uid).await.unwrap().unwrap()
    }

    /// Whichever job is in a state, once one is: which come first is the queue's affair.
    pub(crate) async fn one_in(&self, state: EmailJobState) -> EmailJob {
        let begun = tokio::time::Instant::now();
        loop {
            if let Some(job) = self.store.list(state, 1).await.unwrap().pop() {
                return job;
            }
            assert!(begun.elapsed() < PATIENCE, "none is {state:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn reaches(&self, uid: Uuid, state: EmailJobState) -> EmailJob {
        self.becomes(uid, |job| job.state == state).await
    }

    pub(crate) async fn becomes(&self, uid: Uuid, is: impl Fn(&EmailJob) -> bool) -> EmailJob {
        let begun = tokio::time::Instant::now();
        loop {
            let job = self.job(uid).await;
            if is(&job) {
                return job;
            }
            assert!(begun.elapsed() < PATIENCE, "still {job:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn start(means: Means, email: &EmailOptions, jobs: JobOptions) -> Worker {
    Worker::of(WorkerService::build(means, email, jobs).unwrap())
}

pub(crate) fn options(url: &str) -> EmailOptions {
    let mut options = EmailOptions::new(
        url.to_owned().into(),
        "Bellwether <bellwether@example.org>",
        vec!["ops@example.org".to_owned()],
    );
    options.timeout = Duration::from_secs(30);
    options
}

pub(crate) fn email(client: &str, recipients: &[&str]) -> SendPredictionEmail {
    SendPredictionEmail {
        schema: PAYLOAD_SCHEMA,
        uid: Uuid::now_v7(),
        recipients: recipients.iter().map(ToString::to_string).collect(),
        client_id: Some(client.to_owned()),
        prediction: Some(0.8731),
        high_risk: Some("yes".to_owned()),
        ltv: 1234.5,
        treatment: Treatment::Model,
        model: Some("random_forest_1".to_owned()),
        config_version: 7,
        environment: "local".to_owned(),
        answered_at: Utc::now(),
        dedupe_key: None,
        trace: None,
    }
}

/// The uid that a message says it is about.
pub(crate) fn uid_of(data: &str) -> Uuid {
    let line = data.lines().find_map(|line| line.strip_prefix("Message-ID: <")).unwrap();
    line.split_once('@').unwrap().0.parse().unwrap()
}

/// Used by tests that need a clock of their own.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Opens what another process's [`World::place`] names.
pub(crate) async fn open_place(place: &str) -> (Arc<Sqlite>, Means) {
    let (folder, redis) = place.split_once('|').unwrap();
    open(folder.as_ref(), (!redis.is_empty()).then_some(redis)).await
}

/// A queue in a folder, or on a Redis.
async fn queue(folder: &Path, redis: Option<&str>) -> Arc<dyn JobQueue> {
    let Some(url) = redis else {
        return Arc::new(SqliteQueue::open(&folder.join("queue.db")).await.unwrap());
    };
    let login = Arc::new(LoginDetails::of_url(url.to_owned()));
    let server = RedisServer::connect(login, RedisOptions::default()).await.unwrap();
    Arc::new(RedisQueue::new(server, Arc::new(SystemClock)))
}
