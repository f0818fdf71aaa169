//! Logins whose passwords are read again when a server turns them away. Those of settings that look into an
//! environment ([`Settings::within`]) are that environment's.

use std::sync::Arc;

use async_trait::async_trait;
use bellwether_settings::{Rotating, Settings};
use bellwether_store::{Login, LoginDetails};
use secrecy::SecretString;

/// The mail server's.
pub fn smtp(settings: &Settings) -> Arc<dyn Login> {
    let smtp = &settings.smtp;
    of(settings, "smtp".to_owned(), [&smtp.url, &smtp.user, &smtp.password])
}

/// The database's.
pub fn database(settings: &Settings) -> Arc<dyn Login> {
    let database = &settings.database;
    of(settings, settings.name_of("database"), [&database.url, &database.user, &database.password])
}

/// Redis's.
pub fn redis(settings: &Settings) -> Arc<dyn Login> {
    let redis = &settings.redis;
    of(settings, settings.name_of("redis"), [&redis.url, &redis.user, &redis.password])
}

fn of(settings: &Settings, section: String, parts: [&SecretString; 3]) -> Arc<dyn Login> {
    let [url, user, password] = parts.map(Clone::clone);
    let first = LoginDetails { url, user, password };
    Arc::new(SettingsLogin { rotating: settings.rotating.clone(), section, first })
}

/// A login as the settings have it. What is a reference to a secret changes with the secret; the rest stays.
struct SettingsLogin {
    rotating: Rotating,
    section: String,
    first: LoginDetails,
}

impl SettingsLogin {
    fn current(&self, field: &str, first: &SecretString) -> SecretString {
        self.rotating.current(&format!("{}.{field}", self.section)).unwrap_or_else(|| first.clone())
    }
}

#[async_trait]
impl Login for SettingsLogin {
    async fn details(&self) -> LoginDetails {
        LoginDetails {
            url: self.current("url", &self.first.url),
            user: self.current("user", &self.first.user),
            password: self.current("password", &self.first.password),
        }
    }

    async fn renewed(&self) -> LoginDetails {
        for field in ["url", "user", "password"] {
            self.rotating.renewed(&format!("{}.{field}", self.section)).await;
        }
        self.details().await
    }
}
