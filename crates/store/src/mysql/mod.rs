//! The MySQL engine, for MySQL 8.4 and 9 and for MariaDB 10.11: one handle that implements every storage trait.
//!
//! Every statement has a bound in time, and a connection whose statement did not end is given up rather than
//! used again. Transactions see what is committed and lock what they touch (`READ COMMITTED`); one that the
//! server ends for another's sake is tried again.

mod clients;
mod config_store;
mod console;
mod drift_days;
mod email_jobs;
mod errors;
mod idempotency;
mod lease;
mod lock;
mod migrations;
mod options;
mod outcomes;
mod partitions;
mod prediction_log;
mod replicas;
mod standing;
mod users;

pub(crate) use errors::meaning;
pub use options::{MysqlOptions, MysqlTls};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{MySql, MySqlPool};
use tokio::time::{sleep, timeout};

use crate::{Database, Login, StoreError};
use errors::{is_deadlock, is_refused_login};

/// How often a transaction is tried that the server ends for another's sake.
const ATTEMPTS: u32 = 5;

/// An open MySQL or MariaDB database. Clones share its connections.
#[derive(Clone)]
pub struct Mysql {
    pool: MySqlPool,
    login: Arc<dyn Login>,
    options: Arc<MysqlOptions>,
}

impl Mysql {
    /// Opens the database that `login` names, and asks it whether it is there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be reached within `options.acquire_timeout`;
    /// [`StoreError::Engine`] where it turns the login away, is not trusted, or the URL or the CA file cannot
    /// be read.
    pub async fn connect(login: Arc<dyn Login>, options: MysqlOptions) -> Result<Self, StoreError> {
        let mysql = Self::connect_lazy(login, options).await?;
        mysql.ping().await?;
        Ok(mysql)
    }

    /// Makes a handle without touching the network: connections are made when they are first needed, and
    /// calls fail with [`StoreError::Unavailable`] as long as none can be.
    ///
    /// # Errors
    /// [`StoreError::Engine`] where the URL or the CA file cannot be read.
    pub async fn connect_lazy(login: Arc<dyn Login>, options: MysqlOptions) -> Result<Self, StoreError> {
        let connect = options.connect(&login.details().await)?;
        let session = options.session();
        let pool = MySqlPoolOptions::new()
            .max_connections(options.max_connections.max(1))
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(Duration::from_secs(600))
            .max_lifetime(Duration::from_secs(1800))
            .after_connect(move |connection, _| {
                let session = session.clone();
                Box::pin(async move {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(session)).execute(connection).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(connect);
        Ok(Self { pool, login, options: Arc::new(options) })
    }

    /// A connection of the pool. A login that is turned away is read anew, once; new connections use the new
    /// one from then on, and those that stand stay as they are.
    async fn acquire(&self) -> Result<PoolConnection<MySql>, sqlx::Error> {
        let acquire = async {
            match self.pool.acquire().await {
                Err(error) if is_refused_login(&error) => {
                    tracing::warn!(%error, "the database turned the login away: it is read anew");
                    // A task of its own: reading it may take longer than this call waits, and is for all.
                    let renewed = tokio::spawn(self.clone().renew_login());
                    renewed.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
                    self.pool.acquire().await
                }
                acquired => acquired,
            }
        };
        // Both tries together: nobody waits for two.
        timeout(self.options.acquire_timeout, acquire).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn renew_login(self) -> Result<(), sqlx::Error> {
        let connect = self.options.connect(&self.login.renewed().await);
        self.pool.set_connect_options(connect.map_err(|error| sqlx::Error::Configuration(error.into()))?);
        Ok(())
    }

    /// Makes a transaction that `attempt` does whole, again where the server ended it for another's sake.
    async fn retried<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        for _ in 1..ATTEMPTS {
            match attempt().await {
                Err(error) if is_deadlock(&error) => pause().await,
                done => return Ok(done?),
            }
        }
        Ok(attempt().await?)
    }
}

/// A moment, cut by chance so that those who collided do not collide again.
async fn pause() {
    sleep(Duration::from_millis(rand::random_range(1..20))).await;
}

/// Leaves the login out: it must not reach a log.
impl fmt::Debug for Mysql {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mysql").field("options", &self.options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Database for Mysql {
    async fn migrate(&self) -> Result<(), StoreError> {
        migrations::migrate(self).await
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        migrations::is_migrated(self).await
    }

    async fn prepare_days(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        partitions::prepare_days(self, now.date_naive()).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(self).await?;
        Ok(())
    }

    async fn close(&self) {
        // A server that does not answer is not waited for.
        let _ = timeout(self.options.statement_timeout, self.pool.close()).await;
    }
}
