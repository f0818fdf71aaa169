//! What is remembered: storage traits and their engines, the journal and its relay, the archive.
//!
//! A trait a concern at this level; an engine a folder below it (`sqlite/`, `memory/`, `redis/`). Routes and
//! jobs hold the traits and never name an engine; only start-up does.

pub mod archive;
pub mod bundle_bucket;
mod clients;
mod clock;
mod config_changes;
mod config_store;
pub mod console;
mod database;
mod drift_days;
mod email_jobs;
mod error;
mod flagged;
mod idempotency;
pub mod journal;
mod login;
mod ltv_cache;
pub mod memory;
pub mod mysql;
mod outcomes;
mod prediction_log;
pub mod redis;
pub mod relay;
mod replicas;
mod sightings;
mod sql;
pub mod sqlite;
mod standing;
mod stored_version;
mod traffic;
mod users;

pub use bellwether_core::outcome::Outcome;
pub use clients::{ClientRow, Clients};
pub use clock::{Clock, SystemClock};
pub use config_changes::ConfigChanges;
pub use config_store::{ConfigStore, NewConfigVersion};
pub use database::{Database, SharedDatabase};
pub use drift_days::{DriftDay, DriftDays};
pub use email_jobs::{
    EmailClaim, EmailJob, EmailJobCounts, EmailJobState, EmailJobs, EmailRetry, NewEmailJob, WaitingEmailJob,
};
pub use error::StoreError;
pub use flagged::{FlaggedCursor, FlaggedPage, FlaggedQuery, FlaggedSummary, NoCursor};
pub use idempotency::{IdempotencyKeys, KeyedAnswer, KeyedRequest};
pub use login::{Login, LoginDetails};
pub use ltv_cache::{LtvCache, LtvCacheOptions, LtvLookup, LtvSource};
pub use outcomes::{OutcomeEffect, Outcomes};
pub use prediction_log::{DATABASE_SINK, DatabaseSink, PredictionLog};
pub use replicas::{RefusedVersion, ReplicaReport, Replicas};
pub use sightings::Sightings;
pub use standing::{Standing, Standings};
pub use stored_version::{StoredVersion, UnreadableDocument};
pub use traffic::Traffic;
pub use users::{Role, User, Users};
