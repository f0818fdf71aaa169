//! One prediction: what is live while it is made, what is decided, what is answered and what is logged.

mod decide;
mod record;
mod snapshot;

pub use decide::{CutOff, Decision, heuristic};
pub use record::{Answer, EmailOrder, LogRecord, Purpose, RECORD_SCHEMA, TrialAnswer};
pub use snapshot::{LiveModel, Refusal, Snapshot};
