//! What is done later: job payloads, the queue behind them, and the loops that keep both honest.
//!
//! The table `email_jobs` (crate `bellwether-store`) is the truth; a queue only makes it quick. A queue
//! therefore carries [`Ticket`]s, which name a row and hold nothing about a client. Whatever a queue
//! loses, [`Refill`] puts back; whatever it delivers twice, the row's claim turns away.
//!
//! What a job does when its turn comes belongs to the service that does it, not here.

mod chance;
mod delivery;
mod email_payload;
mod outbox;
mod poll;
mod queue;
pub mod redis;
mod refill;
mod retry_policy;
mod send_flagged_digest;
mod send_prediction_email;
pub mod sqlite;
mod supervise;
mod ticket;
mod worker_name;

pub use chance::{Chance, thread_chance};
pub use email_payload::EmailPayload;
pub use outbox::{EmailOutbox, OutboxError};
pub use queue::{
    Depth, Entry, HEARTBEAT, Handled, JobHandler, JobQueue, MISSED_HEARTBEATS, QueueError, TAKEOVER, Work,
};
pub use refill::Refill;
pub use retry_policy::{Next, RetryPolicy};
pub use send_flagged_digest::{
    DigestError, DigestKind, KIND_SCHEMA, SendFlaggedDigest, order_flagged_digest,
};
pub use send_prediction_email::{PAYLOAD_SCHEMA, PayloadError, SendPredictionEmail};
pub use supervise::{WorkError, supervise};
pub use ticket::{TICKET_SCHEMA, Ticket};
pub use worker_name::WorkerName;
