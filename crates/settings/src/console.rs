//! What the config console is told: how it behaves, and how it reaches the environments that it looks after.
#![expect(missing_docs, reason = "every key is documented in default.toml")]

use std::net::SocketAddr;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::{Environment, Settings};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    pub bind: SocketAddr,
    pub public_url: String,
    pub approval: Approval,
    pub session_idle_minutes: u32,
    pub session_hours: u32,
    pub acknowledge_seconds: u64,
    pub replay_inputs: u32,
    pub replay_max_p99_milliseconds: u64,
    pub replay_max_flip_percent: u32,
    pub bake_minutes: u32,
    pub call_timeout_seconds: u64,
}

/// Who lets a change into production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    OnePerson,
    TwoPerson,
}

/// The environments that the console looks after.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environments {
    pub stage: EnvironmentAccess,
    pub prod: EnvironmentAccess,
}

/// How one environment is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentAccess {
    pub database: EnvironmentDatabase,
    pub redis: EnvironmentRedis,
    pub api: EnvironmentApi,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentDatabase {
    pub url: SecretString,
    pub user: SecretString,
    pub password: SecretString,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRedis {
    pub url: SecretString,
    pub user: SecretString,
    pub password: SecretString,
    pub cluster: bool,
    pub prefix: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentApi {
    pub url: String,
    pub token: SecretString,
}

impl Environments {
    /// How an environment is reached; none for `local`, which no console looks after.
    pub fn get(&self, environment: Environment) -> Option<&EnvironmentAccess> {
        match environment {
            Environment::Local => None,
            Environment::Stage => Some(&self.stage),
            Environment::Prod => Some(&self.prod),
        }
    }
}

impl EnvironmentAccess {
    /// Whether anything is said of where it is.
    pub fn is_given(&self) -> bool {
        let Self { database, redis, api } = self;
        let secrets = [
            &database.url,
            &database.user,
            &database.password,
            &redis.url,
            &redis.user,
            &redis.password,
            &api.token,
        ];
        !api.url.is_empty() || secrets.iter().any(|secret| !secret.expose_secret().is_empty())
    }
}

impl Settings {
    /// These settings as a process of that environment would have them: its database, its Redis, its name. Logins
    /// rotate by the environment's own secrets. For `local`, these settings as they are.
    #[must_use]
    pub fn within(&self, environment: Environment) -> Self {
        let mut inside = self.clone();
        let Some(EnvironmentAccess { database, redis, api: _ }) = self.environments.get(environment).cloned()
        else {
            return inside;
        };
        inside.environment = environment;
        inside.within = Some(environment);
        inside.database.url = database.url;
        inside.database.user = database.user;
        inside.database.password = database.password;
        inside.redis.url = redis.url;
        inside.redis.user = redis.user;
        inside.redis.password = redis.password;
        inside.redis.cluster = redis.cluster;
        inside.redis.prefix = redis.prefix;
        inside
    }

    /// What the section `database` or `redis` of these settings is called where an operator sets it: in settings
    /// [`Settings::within`] an environment `environments.prod.database`.
    pub fn name_of(&self, section: &str) -> String {
        match self.within {
            Some(environment) => format!("environments.{}.{section}", environment.as_str()),
            None => section.to_owned(),
        }
    }
}
