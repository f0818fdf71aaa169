//! What is remembered: storage traits and their engines, the journal and its relay, the archive.
//!
//! A trait a concern at this level; an engine a folder below it (`sqlite/`, `memory/`). Routes and
//! jobs hold the traits and never name an engine; only start-up does.

pub mod archive;
mod clients;
mod clock;
mod config_store;
mod email_jobs;
mod error;
pub mod journal;
mod ltv_cache;
pub mod memory;
mod prediction_log;
pub mod relay;
mod sightings;
pub mod sqlite;
mod users;

pub use clients::{ClientRow, Clients};
pub use clock::{Clock, SystemClock};
pub use config_store::{ConfigStore, NewConfigVersion};
pub use email_jobs::{
    EmailClaim, EmailJob, EmailJobCounts, EmailJobState, EmailJobs, EmailRetry, NewEmailJob, WaitingEmailJob,
};
pub use error::StoreError;
pub use ltv_cache::{LtvCache, LtvCacheOptions, LtvLookup, LtvSource};
pub use prediction_log::{DatabaseSink, PredictionLog};
pub use sightings::Sightings;
pub use users::{Role, User, Users};
