//! Writes and sends in one go, for those who send a note now and then and keep no queue.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{AddressBook, Draft, Mailer, MessageError, Outcome, SendError};

/// Sends notes.
#[derive(Clone)]
pub struct Post {
    mailer: Arc<dyn Mailer>,
    addresses: AddressBook,
    timeout: Duration,
}

/// Why a note went to nobody.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// It cannot be written down; trying again does not help.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// It was not taken.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Post {
    /// Sends by this mailer, in the name of the book's sender; one note may take as long as `timeout`.
    pub fn new(mailer: Arc<dyn Mailer>, addresses: AddressBook, timeout: Duration) -> Self {
        Self { mailer, addresses, timeout }
    }

    /// Sends a note; answers what became of it for each recipient. May be dropped at any moment.
    ///
    /// # Errors
    /// When nobody has it. One that took too long may have arrived all the same.
    pub async fn send(&self, draft: Draft, now: DateTime<Utc>) -> Result<Outcome, PostError> {
        let letter = draft.write(&self.addresses, now)?;
        match tokio::time::timeout(self.timeout, self.mailer.send(&letter)).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(SendError::Transient(format!("not done within {:?}", self.timeout)).into()),
        }
    }
}
