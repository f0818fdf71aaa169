//! How an operation of the console fails, and the one place where that becomes a status.

use actix_web::http::StatusCode;
use bellwether_core::change::{Reassignment, ThreeWay};
use bellwether_core::customer::FieldError;
use bellwether_pages::NotAllowed;
use bellwether_store::StoreError;
use bellwether_web::Problem;
use serde_json::Value;

/// Why an operation was not done. Nothing was changed, except where [`ConsoleError::Unsure`] says that it is not
/// known.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// What was given cannot be taken; every field at fault by its path (`arms[1].percentage`, `reason`).
    #[error("{} cannot be taken", told(.0))]
    Faults(Vec<FieldError>),
    /// It would draw clients of a running experiment anew, which was not confirmed.
    #[error(
        "this gives {:.1} percent of clients another treatment or model: confirm that it is meant",
        .0.moved * 100.0
    )]
    Reassigns(Reassignment),
    /// Production is not what the proposer saw.
    #[error("production is at version {live}, not at version {base} that this was made from")]
    Stale {
        /// The version that was seen.
        base: u64,
        /// The version that is live.
        live: u64,
        /// What changed meanwhile, and what is proposed, field by field.
        fields: Vec<ThreeWay>,
    },
    /// Somebody else acted on this revision first; in words.
    #[error("{0}")]
    Overtaken(String),
    /// Its state forbids it; in words.
    #[error("{0}")]
    State(String),
    /// This actor may not; in words.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing; in words.
    #[error("{0}")]
    NotFound(String),
    /// An environment's api cannot be asked; in words.
    #[error("{0}")]
    Api(String),
    /// The database went away amid the change: whether it was made is not known yet; in words.
    #[error("{0}")]
    Unsure(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConsoleError {
    /// One field that cannot be taken.
    pub fn fault(field: &str, message: impl Into<String>) -> Self {
        Self::Faults(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// Whether a database could not be asked: the same may go well later.
    pub(crate) fn is_away(&self) -> bool {
        match self {
            Self::Unsure(_) => true,
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

fn told(faults: &[FieldError]) -> String {
    let told: Vec<_> = faults.iter().map(|fault| format!("{} ({})", fault.field, fault.message)).collect();
    told.join(", ")
}

impl From<NotAllowed> for ConsoleError {
    fn from(NotAllowed(why): NotAllowed) -> Self {
        Self::Forbidden(why)
    }
}

impl From<ConsoleError> for Problem {
    fn from(error: ConsoleError) -> Self {
        let words = error.to_string();
        match error {
            ConsoleError::Faults(faults) => Self::fields(faults),
            ConsoleError::Reassigns(whom) => Self::conflict(words).with_errors(vec![to_confirm(&whom)]),
            ConsoleError::Overtaken(_) | ConsoleError::State(_) => Self::conflict(words),
            ConsoleError::Stale { fields, .. } => {
                Self::conflict(words).with_errors(fields.iter().map(three_ways).collect())
            }
            ConsoleError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, words),
            ConsoleError::NotFound(_) => Self::not_found(words),
            ConsoleError::Api(_) | ConsoleError::Unsure(_) => Self::unavailable(words),
            ConsoleError::Store(error) => error.into(),
        }
    }
}

/// What has to be confirmed, so that a program too sees that this is all there is against it.
fn to_confirm(whom: &Reassignment) -> FieldError {
    let why = match whom.shrunk.as_slice() {
        _ if whom.salt_changed => "the salt changes, and every client is drawn anew".to_owned(),
        [] => "other shares change".to_owned(),
        models => format!("the share of {} shrinks", models.join(", ")),
    };
    FieldError { field: "confirmed".to_owned(), message: format!("expected true, since {why}") }
}

/// One field of a three-way view in words.
fn three_ways(field: &ThreeWay) -> FieldError {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), Value::to_string);
    let (base, live, proposed) = (value(&field.base), value(&field.live), value(&field.proposed));
    let message = format!("was {base}, is {live} in production now, proposed is {proposed}");
    FieldError { field: field.field.clone(), message }
}
