//! A whole database: every concern that is kept in one, and what an operator does to it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::console::{AuditLog, ConsoleTokens, GoldenPayloads, Ledger, LoginGuard, Proposals, Sessions};
use crate::{
    Clients, ConfigStore, DriftDays, EmailJobs, IdempotencyKeys, Outcomes, PredictionLog, Replicas,
    Standings, StoreError, Users,
};

/// One open database. Start-up and commands hold this; routes and jobs hold the concern that they need, to
/// which it coerces.
#[async_trait]
pub trait Database:
    AuditLog
    + Clients
    + ConfigStore
    + ConsoleTokens
    + DriftDays
    + EmailJobs
    + GoldenPayloads
    + IdempotencyKeys
    + Ledger
    + LoginGuard
    + Outcomes
    + PredictionLog
    + Proposals
    + Replicas
    + Sessions
    + Standings
    + Users
    + 'static
{
    /// Brings the schema up to date. Many processes may call this at once: one migrates, the others wait.
    /// Migrations of a newer build are left alone, so that a build can be rolled back.
    ///
    /// # Errors
    /// [`StoreError::Engine`] where a migration fails or was changed after it ran.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// Whether every migration of this build has run.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn is_migrated(&self) -> Result<bool, StoreError>;

    /// Makes room for the log's days to come, where the engine keeps each in a partition of its own. For a
    /// regular call; it does nothing where nothing is to be done.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn prepare_days(&self, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Answers if the database can be read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn ping(&self) -> Result<(), StoreError>;

    /// Waits for running calls and closes every connection.
    async fn close(&self);
}

/// Lets a database be handed to whoever needs one concern of it.
pub type SharedDatabase = Arc<dyn Database>;
