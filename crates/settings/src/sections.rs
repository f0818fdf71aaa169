//! The settings as types. What each means is said once, in `default.toml`.
#![expect(missing_docs, reason = "every key is documented in default.toml")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::Rotating;
use crate::console::{Console, Environments};
use crate::model_page::ModelPage;

/// Everything an operator sets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub environment: Environment,
    pub replica: String,
    pub server: Server,
    pub auth: Auth,
    pub models: Models,
    pub scoring: Scoring,
    pub database: Database,
    pub redis: Redis,
    pub journal: Journal,
    pub queue: Queue,
    pub archive: Archive,
    pub config: Config,
    pub ltv: Ltv,
    pub explain: Explain,
    pub smtp: Smtp,
    pub worker: Worker,
    pub model_page: ModelPage,
    pub flagged: Flagged,
    pub console: Console,
    pub environments: Environments,
    pub replicas: Replicas,
    pub secrets: Secrets,
    pub sentry: Sentry,
    pub retention: Retention,
    pub log: Log,
    /// Those settings that are in secrets, and may change while the process runs.
    #[serde(skip)]
    pub rotating: Rotating,
    /// Of which environment database and Redis are, where they are not of this process's own sections.
    #[serde(skip)]
    pub(crate) within: Option<Environment>,
}

impl Settings {
    /// Asks for the secrets behind these settings every `secrets.refresh_seconds`, in a task of its own, until
    /// `stop` completes.
    pub fn keep_secrets_fresh(&self, stop: impl Future<Output = ()> + Send + 'static) {
        let (rotating, every) = (self.rotating.clone(), Duration::from_secs(self.secrets.refresh_seconds));
        tokio::spawn(async move { rotating.keep_fresh(every, stop).await });
    }
}

/// Which line of config versions a process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    Local,
    Stage,
    Prod,
}

impl Environment {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Stage => "stage",
            Self::Prod => "prod",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub bind: SocketAddr,
    pub metrics_bind: String,
    pub threads: usize,
    pub max_body_bytes: usize,
    pub max_batch_bytes: usize,
    pub max_batch_rows: usize,
    pub request_timeout_seconds: u64,
    pub keep_alive_seconds: u64,
    pub drain_notice_seconds: u64,
    pub drain_seconds: u64,
    pub max_in_flight: usize,
    pub rate_limit_per_second: u32,
    pub rate_limit_burst: u32,
    pub trusted_proxies: Vec<String>,
    pub https_redirect: bool,
    pub hsts_seconds: u64,
    pub tls_certificate_file: String,
    pub tls_key_file: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    Required,
    Off,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub mode: AuthMode,
    pub token: SecretString,
    pub jwt_secret: SecretString,
    pub jwks_file: String,
    pub jwks_url: String,
    pub jwks_seconds: u64,
    pub jwt_issuer: String,
    pub jwt_audience: String,
    pub jwt_leeway_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    pub path: PathBuf,
    pub region: String,
    pub endpoint: String,
    pub path_style: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    pub budget_milliseconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: SecretString,
    pub user: SecretString,
    pub password: SecretString,
    pub tls: DatabaseTls,
    pub ca_file: String,
    pub max_connections: u32,
    pub acquire_timeout_milliseconds: u64,
    pub statement_timeout_milliseconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseTls {
    Off,
    Preferred,
    Required,
    Verify,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub url: SecretString,
    pub user: SecretString,
    pub password: SecretString,
    pub cluster: bool,
    pub ca_file: String,
    pub prefix: String,
    pub budget_milliseconds: u64,
    pub max_connections: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JournalSync {
    Os,
    Disk,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub path: PathBuf,
    pub sync: JournalSync,
    pub max_bytes: u64,
    pub reserve_bytes: u64,
    pub on_full: OnFull,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFull {
    Refuse,
    Answer,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub path: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    pub url: String,
    pub region: String,
    pub endpoint: String,
    pub path_style: bool,
    pub encryption: String,
    pub kms_key: String,
    pub batch_records: usize,
    pub batch_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub poll_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ltv {
    pub ttl_seconds: u64,
    pub max_clients: u64,
    pub budget_milliseconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    pub threads: usize,
    pub queue: usize,
    pub rounds: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub url: SecretString,
    pub from: String,
    pub recipients: Vec<String>,
    pub concurrency: usize,
    pub timeout_seconds: u64,
    pub rate_per_second: u32,
    pub ca_file: String,
    pub user: SecretString,
    pub password: SecretString,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    pub bind: String,
    pub digest_at: String,
}

impl Worker {
    /// When the digest is due each day, in UTC; none where it never is, or the text is no time of day.
    pub fn digest_time(&self) -> Option<chrono::NaiveTime> {
        chrono::NaiveTime::parse_from_str(&self.digest_at, "%H:%M").ok()
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flagged {
    pub max_age_days: u32,
    pub public_url: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replicas {
    pub heartbeat_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretsProvider {
    Aws,
    Env,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    pub provider: SecretsProvider,
    pub refresh_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentry {
    pub dsn: SecretString,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    pub log_days: u32,
    pub archive_days: u32,
    pub sent_emails_days: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}
