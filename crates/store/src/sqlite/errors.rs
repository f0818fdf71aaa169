//! What SQLite's result codes mean to a caller.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::sql::Meaning;

/// By primary result code: the low byte of the extended one.
pub(crate) fn meaning(error: &dyn DatabaseError) -> Meaning {
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
