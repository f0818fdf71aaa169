//! What the config console keeps: proposals, who is logged in, tokens, golden payloads, and the audit log that
//! everything it does is written to. Reading is a trait a concern; every change that matters goes through
//! [`Ledger::commit`], in one transaction with its line in the audit log.

mod audit;
mod ledger;
mod login_failures;
mod payloads;
mod proposals;
mod sessions;
mod tokens;

pub use audit::{AuditEntry, AuditError, AuditHead, AuditLog, NewAuditEntry, Verified, verify_audit};
pub use ledger::{Committed, Ledger, Step};
pub use login_failures::{LoginFailures, LoginGuard};
pub use payloads::{GoldenPayload, GoldenPayloads};
pub use proposals::Proposals;
pub use sessions::{Session, Sessions};
pub use tokens::{ConsoleToken, ConsoleTokens};
