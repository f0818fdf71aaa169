//! A lock of the server's by name, so that of many processes one changes the tables at a time.

use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::Mysql;
use super::lease::Lease;
use crate::StoreError;

/// How long the server waits before it answers that the lock is taken, in seconds.
const ASK_SECONDS: u32 = 1;

/// How long a definition may take once the lock is held: it may have to rewrite a table.
const DEFINITION_TIMEOUT: Duration = Duration::from_secs(3600);

/// A lock that is held, and the connection that holds it: the server frees it when that ends, however it ends.
pub(super) struct Lock {
    pub(super) lease: Lease,
    name: String,
}

impl Mysql {
    /// Takes the lock that `purpose` names in this database, waiting for others up to `patience`.
    pub(super) async fn lock(&self, purpose: &str, patience: Duration) -> Result<Lock, StoreError> {
        let started = Instant::now();
        let mut lease = self.lease().await?;
        lease.be_patient(self.options.statement_timeout + Duration::from_secs(ASK_SECONDS.into()));
        let database: Option<String> = sqlx::query_scalar("SELECT database()").fetch_one(&mut lease).await?;
        // Names are the server's, not the database's, and short.
        let digest = format!("{:x}", Sha256::digest(database.unwrap_or_default().as_bytes()));
        let name = format!("bellwether.{purpose}.{}", &digest[..16]);
        loop {
            let asked = sqlx::query_scalar("SELECT GET_LOCK(?, ?)").bind(&name).bind(ASK_SECONDS);
            let taken: Option<i64> = asked.fetch_one(&mut lease).await?;
            if taken == Some(1) {
                lease.settle(false);
                lease.be_patient(DEFINITION_TIMEOUT);
                return Ok(Lock { lease, name });
            }
            if started.elapsed() > patience {
                let what = format!("another process has held the lock `{name}` for {patience:?}");
                return Err(StoreError::Unavailable(what.into()));
            }
        }
    }
}

impl Lock {
    /// Frees the lock. A lock that is dropped instead is freed by the end of its connection.
    pub(super) async fn free(mut self) -> Result<(), StoreError> {
        sqlx::query("DO RELEASE_LOCK(?)").bind(&self.name).execute(&mut self.lease).await?;
        self.lease.settle(true);
        Ok(())
    }
}
