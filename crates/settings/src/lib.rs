//! How a process is started: addresses, paths and pool sizes, set by an operator before it starts.
//! What the business edits while it runs is config, and lives in `bellwether-core`.
//!
//! `default.toml` lists and explains every key.

mod console;
mod debug;
mod embedded;
mod layers;
mod load;
mod model_page;
mod network;
mod secrets;
mod sections;
mod validate;

pub use console::{
    Approval, Console, EnvironmentAccess, EnvironmentApi, EnvironmentDatabase, EnvironmentRedis, Environments,
};
pub use embedded::Embedded;
pub use load::{Problem, Problems, load, load_from, load_with, peek};
pub use model_page::ModelPage;
pub use network::Network;
pub use secrets::{AwsSecrets, EnvironmentSecrets, Rotating, SecretError, SecretSource};
pub use sections::{
    Archive, Auth, AuthMode, Config, Database, DatabaseTls, Environment, Explain, Journal, JournalSync, Log,
    LogFormat, Ltv, Models, OnFull, Queue, Redis, Replicas, Retention, Secrets, SecretsProvider, Sentry,
    Server, Settings, Smtp, Worker,
};

/// The annotated defaults.
pub const DEFAULTS: &str = include_str!("../default.toml");
