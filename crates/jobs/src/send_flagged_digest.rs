//! The job that emails who is at high risk: what it needs to know. Whom it lists is read when it is sent, so that no
//! job holds what an erased client must not be found in.

use bellwether_store::{ConfigStore, StoreError};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EmailOutbox, OutboxError};

/// The payload format of jobs that say of what kind they are. A build that knows prediction emails only takes it for
/// a newer one's, and leaves it to workers that know more.
pub const KIND_SCHEMA: u32 = 2;

/// One email about those at high risk: the row `email_jobs.payload`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendFlaggedDigest {
    /// The payload's format.
    pub schema: u32,
    /// What tells it from other emails.
    pub kind: DigestKind,
    /// The job's id, which makes the Message-ID.
    pub uid: Uuid,
    /// To whom; empty means the operator's recipients.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// The environment whose clients it lists.
    pub environment: String,
    /// The day (UTC) that it is for.
    pub day: NaiveDate,
}

/// The kind of a [`SendFlaggedDigest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestKind {
    /// There is one.
    FlaggedDigest,
}

/// Why a digest was not ordered.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The job cannot be written down.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// To whom it goes cannot be told.
    #[error("the live config cannot be read: {0}")]
    Config(String),
}

/// Orders the digest of a day for whom the live config names, else for the operator's recipients; answers its job,
/// or none where the day's was ordered before. Any number of workers may call this for a day: one job comes of it.
/// `again` orders another one, whatever was ordered before.
///
/// # Errors
/// [`DigestError`]; nothing is ordered then.
pub async fn order_flagged_digest(
    outbox: &EmailOutbox,
    configs: &dyn ConfigStore,
    environment: &str,
    day: NaiveDate,
    again: bool,
) -> Result<Option<Uuid>, DigestError> {
    let live = configs.live(environment).await?;
    let live = live.ok_or_else(|| DigestError::Config(format!("none is live in `{environment}`")))?;
    let live = live.readable().map_err(|error| DigestError::Config(error.to_string()))?;
    let digest = SendFlaggedDigest {
        schema: KIND_SCHEMA,
        kind: DigestKind::FlaggedDigest,
        uid: Uuid::now_v7(),
        recipients: live.document.email_recipients.unwrap_or_default(),
        environment: environment.to_owned(),
        day,
    };
    let key = (!again).then(|| format!("digest:{environment}:{day}"));
    let ordered = outbox.order_digest(&digest, key).await?;
    Ok(ordered.then_some(digest.uid))
}
