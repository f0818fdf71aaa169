//! Logins of settings that look into an environment: they change with that environment's secrets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bellwether_engines::login;
use bellwether_settings::{Environment, SecretError, SecretSource, load_with};
use bellwether_store::Login;
use secrecy::{ExposeSecret as _, SecretString};

/// Answers `password of NAME`, and whatever is added to it.
#[derive(Default)]
struct Vault(Mutex<String>);

#[async_trait]
impl SecretSource for Vault {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        Ok(format!("password of {name}{}", self.0.lock().unwrap()).into())
    }
}

async fn password(login: &Arc<dyn Login>) -> String {
    login.details().await.password.expose_secret().to_owned()
}

#[tokio::test]
async fn a_login_within_an_environment_rotates_by_that_environments_secrets() {
    let variables = [
        ("AUTH__MODE", "off"),
        ("DATABASE__PASSWORD", "secret:own"),
        ("ENVIRONMENTS__STAGE__DATABASE__URL", "mysql://stage/b"),
        ("ENVIRONMENTS__STAGE__DATABASE__PASSWORD", "plain"),
        ("ENVIRONMENTS__STAGE__API__URL", "http://stage"),
        ("ENVIRONMENTS__PROD__DATABASE__URL", "mysql://prod/b"),
        ("ENVIRONMENTS__PROD__DATABASE__PASSWORD", "secret:prod-db"),
        ("ENVIRONMENTS__PROD__REDIS__URL", "redis://prod"),
        ("ENVIRONMENTS__PROD__REDIS__PASSWORD", "secret:prod-redis"),
        ("ENVIRONMENTS__PROD__API__URL", "http://prod"),
    ];
    let variables = variables.map(|(name, value)| (format!("BELLWETHER__{name}"), value.to_owned()));
    let vault = Arc::new(Vault::default());
    let settings = load_with(None, variables.into_iter(), vault.clone()).await.unwrap();
    let (stage, prod) = (settings.within(Environment::Stage), settings.within(Environment::Prod));
    let logins = [&settings, &stage, &prod].map(login::database);
    let redis = login::redis(&prod);
    assert_eq!(password(&logins[0]).await, "password of own");
    assert_eq!(password(&logins[1]).await, "plain");
    assert_eq!(password(&logins[2]).await, "password of prod-db");
    assert_eq!(password(&redis).await, "password of prod-redis");

    " anew".clone_into(&mut vault.0.lock().unwrap());
    for login in logins.iter().chain([&redis]) {
        login.renewed().await;
    }
    assert_eq!(password(&logins[0]).await, "password of own anew");
    assert_eq!(password(&logins[1]).await, "plain");
    assert_eq!(password(&logins[2]).await, "password of prod-db anew");
    assert_eq!(password(&redis).await, "password of prod-redis anew");
    assert_eq!(logins[2].details().await.url.expose_secret(), "mysql://prod/b");
}
