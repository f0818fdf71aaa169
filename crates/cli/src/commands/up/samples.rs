//! What a fresh embedded system holds: sample clients with features and lifetime values, and a first
//! user.

use std::sync::Arc;

use anyhow::Context as _;
use bellwether_core::bundle::ModelFolder;
use bellwether_store::{ClientRow, Clients, Database, Role, Users};
use rand::RngExt as _;

use crate::commands::user::{self, Desk};

const FIRST_CLIENT: usize = 100_001;

/// Writes the first bundle's background rows down as clients 100001 and on, unless there are clients.
pub(super) async fn clients(database: &dyn Database, models: &Arc<ModelFolder>) -> anyhow::Result<()> {
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
pub(super) async fn first_user(prod: &dyn Database, stage: &dyn Database) -> anyhow::Result<Option<String>> {
    if !Users::list(prod).await?.is_empty() {
        return Ok(None);
    }
    let letters = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut chance = rand::rng();
    let password: String =
        (0..20).map(|_| char::from(letters[chance.random_range(0..letters.len())])).collect();
    let hash = bellwether_people::hash_password(&password)?;
    for database in [prod, stage] {
        if Users::list(database).await?.is_empty() {
            let desk = Desk::new(database, "bellwether");
            user::add(&desk, "admin", Role::Admin, None, hash.clone()).await?;
        }
    }
    Ok(Some(password))
}
