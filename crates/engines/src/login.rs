//! Logins whose passwords are read again when a server turns them away.

use std::sync::Arc;

use bellwether_settings::Settings;
use bellwether_store::{Login, LoginDetails};
use secrecy::SecretString;

/// The mail server's.
pub fn smtp(settings: &Settings) -> Arc<dyn Login> {
    let smtp = &settings.smtp;
    of(settings, "smtp", [&smtp.url, &smtp.user, &smtp.password])
}

/// The database's.
pub fn database(settings: &Settings) -> Arc<dyn Login> {
    let database = &settings.database;
    of(settings, "database", [&database.url, &database.user, &database.password])
}

/// Redis's.
pub fn redis(settings: &Settings) -> Arc<dyn Login> {
    let redis = &settings.redis;
    of(settings, "redis", [&redis.url, &redis.user, &redis.password])
}

fn of(_settings: &Settings, _section: &'static str, parts: [&SecretString; 3]) -> Arc<dyn Login> {
    let [url, user, password] = parts.map(Clone::clone);
    Arc::new(LoginDetails { url, user, password })
}
