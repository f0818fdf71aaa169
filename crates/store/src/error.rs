//! How a storage engine fails, told by what the caller can do about it.

/// A failure of a storage engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The engine cannot be reached, is busy, or is out of room: the same call may succeed later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The call was made from a state that is no longer the live one, or something of that name exists.
    #[error("conflict: {what}")]
    Conflict {
        /// What was expected, and what is there.
        what: String,
    },
    /// Something stored cannot be read back: it was damaged, or written by a build we do not know.
    #[error("{what} is stored but cannot be read: {reason}")]
    Corrupt {
        /// The table and key, never client data.
        what: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The engine will never take this value: too long, of a wrong kind, against a constraint.
    #[error("the database refuses the value")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else, such as a missing table: not the value's fault, and not healed by waiting alone.
    #[error("the database fails")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether the same call may succeed later with nothing else changed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// A [`StoreError::Corrupt`] that names what cannot be read.
    pub fn corrupt(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Corrupt { what: what.into(), reason: reason.to_string() }
    }
}
