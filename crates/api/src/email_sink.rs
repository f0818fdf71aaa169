//! The relay's way to the email queue: predictions that cause an email become jobs.

use async_trait::async_trait;
use bellwether_jobs::{EmailOutbox, OutboxError, SendPredictionEmail};
use bellwether_store::StoreError;
use bellwether_store::journal::Entry;
use bellwether_store::relay::{Sink, SinkError};

pub(crate) struct EmailSink(pub(crate) EmailOutbox);

#[async_trait]
impl Sink for EmailSink {
    fn name(&self) -> &'static str {
        "emails"
    }

    async fn deliver(&self, entries: &[Entry]) -> Result<(), SinkError> {
        let emails: Vec<_> =
            entries.iter().filter_map(|entry| SendPredictionEmail::ordered_by(&entry.record)).collect();
        match self.0.order(&emails).await {
            Ok(()) => Ok(()),
            Err(error) if is_refusal(&error) => self.one_by_one(entries).await,
            Err(error) => Err(SinkError::Later(error.to_string())),
        }
    }
}

impl EmailSink {
    /// Finds the entry that is refused; orders before it are written once, however often they come.
    async fn one_by_one(&self, entries: &[Entry]) -> Result<(), SinkError> {
        for entry in entries {
            let Some(email) = SendPredictionEmail::ordered_by(&entry.record) else { continue };
            match self.0.order(&[email]).await {
                Ok(()) => {}
                Err(error) if is_refusal(&error) => {
                    return Err(SinkError::Poison {
                        seq: entry.seq,
                        reason: "its email cannot be stored".to_owned(),
                    });
                }
                Err(error) => return Err(SinkError::Later(error.to_string())),
            }
        }
        Ok(())
    }
}

/// Whether the email itself is at fault. A database that is away, or not migrated, is waited for.
fn is_refusal(error: &OutboxError) -> bool {
    matches!(error, OutboxError::Payload(_) | OutboxError::Store(StoreError::Refused(_)))
}
