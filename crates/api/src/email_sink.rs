//! The relay's way to the email queue: predictions that cause an email become jobs.

use async_trait::async_trait;
use bellwether_jobs::{EmailOutbox, OutboxError, SendPredictionEmail};
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
            Err(error) => Err(refusal(&error, entries)),
        }
    }
}

/// A database that is away is waited for; a batch that can never be stored is taken apart, entry by
/// entry, until the one at fault stands alone.
fn refusal(error: &OutboxError, entries: &[Entry]) -> SinkError {
    let transient = matches!(error, OutboxError::Store(error) if error.is_transient());
    match entries {
        [alone] if !transient => SinkError::Poison { seq: alone.seq, reason: error.to_string() },
        _ => SinkError::Later(error.to_string()),
    }
}
