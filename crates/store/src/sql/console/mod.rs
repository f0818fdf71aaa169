//! What the console keeps, whatever the SQL engine: rows, and what a change means.

mod audit;
mod change;
mod payloads;
mod proposals;
mod sessions;
mod tokens;

pub(crate) use audit::{AuditHeadRow, AuditRow};
pub(crate) use change::{Change, Failure, make};
pub(crate) use payloads::{GoldenPayloadRow, payload_text};
pub(crate) use proposals::{ProposalRow, StoredProposal, readable, under_way_states};
pub(crate) use sessions::{LoginFailuresRow, SessionRow, agent};
pub(crate) use tokens::ConsoleTokenRow;
