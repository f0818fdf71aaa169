//! From what an engine hands out to the handler: what every engine's worker has in common.

use crate::{Handled, Ticket, Work};

impl Work {
    /// Handles what an engine read as a ticket. Engines read it here and do not leave it to apalis, to which one
    /// unreadable ticket is the end of the worker, and of the next one, and of the next.
    pub(crate) async fn deliver(&self, ticket: Result<Ticket, serde_json::Error>) -> Handled {
        match ticket {
            Err(error) => {
                tracing::warn!(%error, "a ticket cannot be read: left to the refill");
                Handled::PutBack
            }
            Ok(ticket) if !ticket.readable() => {
                let Ticket { uid, schema, .. } = ticket;
                tracing::warn!(%uid, schema, "a ticket of an unknown schema: left to the refill");
                Handled::PutBack
            }
            Ok(ticket) => self.handle(ticket).await,
        }
    }
}
