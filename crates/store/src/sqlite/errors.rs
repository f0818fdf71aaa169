//! What SQLite's result codes mean to a caller.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(Box::new(error)),
            sqlx::Error::Database(database) => match meaning(database.as_ref()) {
                Meaning::Unavailable => Self::Unavailable(Box::new(error)),
                Meaning::Refused => Self::Refused(Box::new(error)),
                Meaning::Corrupt => Self::corrupt("the database file", error),
                Meaning::Other => Self::Engine(Box::new(error)),
            },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::corrupt("a row", error),
            sqlx::Error::Encode(_) => Self::Refused(Box::new(error)),
            _ => Self::Engine(Box::new(error)),
        }
    }
}

enum Meaning {
    Unavailable,
    Refused,
    Corrupt,
    Other,
}

/// By primary result code: the low byte of the extended one.
fn meaning(error: &dyn DatabaseError) -> Meaning {
    if !matches!(error.kind(), ErrorKind::Other) {
        return Meaning::Refused;
    }
    match primary_code(error) {
        // busy, locked, read-only, I/O, full, cannot open
        Some(5 | 6 | 8 | 10 | 13 | 14) => Meaning::Unavailable,
        // too big, constraint, mismatch
        Some(18..=20) => Meaning::Refused,
        // corrupt, not a database
        Some(11 | 26) => Meaning::Corrupt,
        _ => Meaning::Other,
    }
}

/// SQLite's primary result code, if the error bears one.
pub(crate) fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    let code: u32 = error.code()?.parse().ok()?;
    Some(code & 0xff)
}
