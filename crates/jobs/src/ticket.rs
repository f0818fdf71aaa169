//! What lies in a queue: the name of a row of `email_jobs` and the turn it is due for.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The ticket format this build writes; it reads this one and the one before.
pub const TICKET_SCHEMA: u32 = 1;

/// One delivery of one job.
///
/// The turn counts up whenever a job is scheduled anew, so a ticket from before is recognised and
/// dropped, and the two together are the key by which a queue refuses duplicates. A ticket carries
/// nothing of a client's: erasing a client means erasing rows, not searching queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// The ticket's format.
    pub schema: u32,
    /// The job: the uid of its prediction.
    pub uid: Uuid,
    /// Which of the job's turns this is, from 0.
    pub turn: u32,
}

impl Ticket {
    /// The ticket for a job's turn.
    pub fn new(uid: Uuid, turn: u32) -> Self {
        Self { schema: TICKET_SCHEMA, uid, turn }
    }

    /// By this a queue tells duplicates.
    pub fn key(&self) -> String {
        format!("{}:{}", self.uid.simple(), self.turn)
    }

    /// Whether this build can tell what the ticket says.
    pub fn readable(&self) -> bool {
        self.schema == TICKET_SCHEMA || self.schema + 1 == TICKET_SCHEMA
    }
}
