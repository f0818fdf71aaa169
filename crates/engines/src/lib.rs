//! From settings to open engines: which database, queue, sightings, archive and models the settings name. The one
//! place that knows every engine; services and commands hold traits.

mod archive;
mod database;
pub mod login;
mod models;
mod queue;
mod redis;

pub use archive::archive;
pub use database::{database, migrated_database};
pub use models::{bundle_bucket, fetched_models, model_folder};
pub use queue::queue;
pub use redis::{config_changes, redis, sightings};

/// What a start makes of a server that cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It cannot go on without.
    Fatal,
    /// It goes on, and the server is used once it is there: for a service that has what it needs on disk.
    Waited,
}
