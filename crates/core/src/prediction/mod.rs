//! One prediction: what is live while it is made, what is decided, what is answered and what is logged.

mod record;

pub use record::{Answer, EmailOrder, LogRecord, Purpose, RECORD_SCHEMA};
