//! Rows of `email_jobs`. How a uid is stored is the engine's affair: text in one, bytes in another.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{EmailJob, EmailJobCounts, EmailJobState, StoreError, WaitingEmailJob};

#[derive(FromRow)]
pub(crate) struct EmailJobRow<U> {
    uid: U,
    state: String,
    turn: u32,
    attempts: u32,
    crashes: u32,
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    queued_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    next_attempt_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    delivered: String,
    payload: String,
}

impl<U: Into<Uuid>> TryFrom<EmailJobRow<U>> for EmailJob {
    type Error = StoreError;

    fn try_from(row: EmailJobRow<U>) -> Result<Self, StoreError> {
        let uid = row.uid.into();
        let what = || format!("email job {uid}");
        let state = EmailJobState::from_name(&row.state)
            .ok_or_else(|| StoreError::corrupt(what(), format!("`{}` is no state", row.state)))?;
        let delivered = serde_json::from_str(&row.delivered)
            .map_err(|_| StoreError::corrupt(what(), "`delivered` is no list"))?;
        Ok(Self {
            uid,
            state,
            turn: row.turn,
            attempts: row.attempts,
            crashes: row.crashes,
            last_error: row.last_error,
            created_at: row.created_at,
            queued_at: row.queued_at,
            updated_at: row.updated_at,
            next_attempt_at: row.next_attempt_at,
            sent_at: row.sent_at,
            delivered,
            payload: row.payload,
        })
    }
}

/// `uid, turn, next_attempt_at`.
pub(crate) type WaitingRow<U> = (U, u32, DateTime<Utc>);

pub(crate) fn waiting<U: Into<Uuid>>((uid, turn, next_attempt_at): WaitingRow<U>) -> WaitingEmailJob {
    WaitingEmailJob { uid: uid.into(), turn, next_attempt_at }
}

/// Addresses as the column `delivered` holds them.
pub(crate) fn list_of(addresses: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(addresses).map_err(|error| StoreError::Refused(Box::new(error)))
}

/// From how many jobs are in each state.
pub(crate) fn counts(by_state: &[(String, i64)], oldest_queued_at: Option<DateTime<Utc>>) -> EmailJobCounts {
    let of = |state: EmailJobState| {
        let row = by_state.iter().find(|(name, _)| name == state.as_str());
        row.map_or(0, |(_, count)| count.cast_unsigned())
    };
    EmailJobCounts {
        queued: of(EmailJobState::Queued),
        sending: of(EmailJobState::Sending),
        retrying: of(EmailJobState::Retrying),
        sent: of(EmailJobState::Sent),
        parked: of(EmailJobState::Parked),
        oldest_queued_at,
    }
}
