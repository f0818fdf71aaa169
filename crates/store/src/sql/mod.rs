//! What the SQL engines share: rows and what they mean, and the errors of their driver. Statements are each
//! engine's own.

mod clients;
mod config_versions;
mod console;
mod drift_days;
mod email_jobs;
mod errors;
mod lenient;
mod log_records;
mod outcomes;
mod replicas;
mod standing;
mod users;

pub(crate) use clients::{features, features_text};
pub(crate) use config_versions::{ConfigVersionRow, Successor, overtaken, stage_report};
pub(crate) use console::{
    AuditHeadRow, AuditRow, Change, ConsoleTokenRow, Failure, GoldenPayloadRow, LoginFailuresRow,
    ProposalRow, SessionRow, StoredProposal, agent, make, readable, under_way_states,
};
pub(crate) use drift_days::DriftDayRow;
pub(crate) use email_jobs::{EmailJobRow, WaitingRow, counts, list_of, waiting};
pub(crate) use errors::Meaning;
pub(crate) use log_records::{payloads, record};
pub(crate) use outcomes::{OutcomeRow, outcomes, outcomes_by_key};
pub(crate) use replicas::{ReplicaRow, ReplicaTexts};
pub(crate) use standing::StandingRow;
pub(crate) use users::UserRow;
