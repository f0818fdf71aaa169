//! What a fresh system may hold to be tried with: sample clients with features and lifetime values, and a first user.
//! `up` has them always, `migrate --samples` where it is asked to.

use std::sync::Arc;

use anyhow::Context as _;
use bellwether_core::bundle::ModelFolder;
use bellwether_store::{ClientRow, Clients, Database, Role, Users};
use rand::RngExt as _;

use crate::commands::user::{self, Desk};

const FIRST_CLIENT: usize = 100_001;

/// Writes the first bundle's background rows down as clients 100001 and on, unless there are clients.
pub(crate) async fn clients(database: &dyn Database, models: &Arc<ModelFolder>) -> anyhow::Result<()> {
    if Clients::count(database).await? > 0 {
        return Ok(());
    }
    let models = Arc::clone(models);
    let bundles =
        tokio::task::spawn_blocking(move || models.scan()).await?.context("models.path cannot be read")?;
    let Some(bundle) = bundles.into_values().find_map(Result::ok) else { return Ok(()) };
    let background = bundle.manifest().background.iter().enumerate();
    let rows: Vec<_> = background
        .map(|(at, features)| ClientRow {
            client_id: (FIRST_CLIENT + at).to_string(),
            ltv: Some(sample_ltv(at)),
            features: serde_json::from_str(features.get()).unwrap_or_default(),
        })
        .collect();
    database.upsert(&rows).await?;
    Ok(())
}

/// A lifetime value, skewed as such values are: most small, few large.
fn sample_ltv(at: usize) -> f64 {
    let share = (at * 37 % 100) as f64 / 100.0;
    (40.0 * (-(1.0 - share).ln()).exp().powf(0.8) * 100.0).round() / 100.0
}

/// Adds `admin` with a password of chance where nobody is there yet, and answers the password. Each environment has
/// people of its own: `admin` gets the same password in both, where staging has nobody either.
pub(crate) async fn first_user(prod: &dyn Database, stage: &dyn Database) -> anyhow::Result<Option<String>> {
    if !Users::list(prod).await?.is_empty() {
        return Ok(None);
    }
    let password = password_of_chance();
    for database in [prod, stage] {
        first_user_of(database, &password).await?;
    }
    Ok(Some(password))
}

/// Adds `admin` with a password where nobody is there yet, and answers whether it did.
///
/// # Errors
/// Where the password is too short, or the database cannot be written.
pub(crate) async fn first_user_of(database: &dyn Database, password: &str) -> anyhow::Result<bool> {
    if !Users::list(database).await?.is_empty() {
        return Ok(false);
    }
    let hash = bellwether_people::hash_password(password)?;
    user::add(&Desk::new(database, "bellwether"), "admin", Role::Admin, None, hash).await?;
    Ok(true)
}

/// A password that is not mistyped: without letters that look alike.
pub(crate) fn password_of_chance() -> String {
    let letters = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut chance = rand::rng();
    (0..20).map(|_| char::from(letters[chance.random_range(0..letters.len())])).collect()
}
