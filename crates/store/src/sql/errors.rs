//! What the driver's errors mean to a caller; codes are each engine's own.

use sqlx::mysql::MySqlDatabaseError;

use crate::{StoreError, mysql, sqlite};

/// What an engine's error code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Away, busy or out of room.
    Unavailable,
    /// Never takes the value.
    Refused,
    /// The stored data is damaged.
    Corrupt,
    /// Anything else.
    Other,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // TLS tells so that it does not trust the other side: no waiting heals that.
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::InvalidData => {
                Self::Engine(Box::new(error))
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(Box::new(error)),
            sqlx::Error::Database(database) => {
                let meaning = match database.try_downcast_ref::<MySqlDatabaseError>() {
                    Some(error) => mysql::meaning(error),
                    None => sqlite::meaning(database.as_ref()),
                };
                match meaning {
                    Meaning::Unavailable => Self::Unavailable(Box::new(error)),
                    Meaning::Refused => Self::Refused(Box::new(error)),
                    Meaning::Corrupt => Self::corrupt("the database file", error),
                    Meaning::Other => Self::Engine(Box::new(error)),
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::corrupt("a row", error),
            sqlx::Error::Encode(_) => Self::Refused(Box::new(error)),
            _ => Self::Engine(Box::new(error)),
        }
    }
}
