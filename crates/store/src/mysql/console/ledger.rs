//! Changes in MySQL. Each locks the one row of `audit_head` before anything else, so that one is made at a time,
//! whichever process makes it.

use async_trait::async_trait;

use crate::StoreError;
use crate::console::{Committed, Ledger, NewAuditEntry, Step};
use crate::mysql::errors::{is_deadlock, is_lock_wait};
use crate::mysql::{ATTEMPTS, Mysql, pause};
use crate::sql::{Failure, make};

#[async_trait]
impl Ledger for Mysql {
    async fn commit(&self, line: NewAuditEntry, steps: Vec<Step>) -> Result<Committed, StoreError> {
        for _ in 1..ATTEMPTS {
            match attempt(self, line.clone(), steps.clone()).await {
                Err(Failure::Driver(error)) if is_deadlock(&error) || is_lock_wait(&error) => pause().await,
                done => return Ok(done?),
            }
        }
        Ok(attempt(self, line, steps).await?)
    }
}

async fn attempt(mysql: &Mysql, line: NewAuditEntry, steps: Vec<Step>) -> Result<Committed, Failure> {
    let mut transaction = mysql.begin().await?;
    // What is not committed is undone by the end of its connection.
    let committed = make(&mut transaction, line, steps).await?;
    match transaction.commit().await {
        Ok(()) => Ok(committed),
        // Ended for another's sake even here, as clusters do: nothing was changed.
        Err(error) if is_deadlock(&error) => Err(error.into()),
        // Whatever it is, the server may have committed before.
        Err(error) => Err(StoreError::Unavailable(Box::new(error)).into()),
    }
}
