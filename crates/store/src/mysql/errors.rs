//! What the server's error numbers mean to a caller.

use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::mysql::{MySqlDatabaseError, MySqlQueryResult};

use crate::sql::Meaning;

/// By number, and where that says nothing by the class of the SQLSTATE.
pub(crate) fn meaning(error: &MySqlDatabaseError) -> Meaning {
    if !matches!(error.kind(), ErrorKind::Other) {
        return Meaning::Refused;
    }
    match error.number() {
        // Too many connections: in all, of this user, of this user and hour; no thread; host blocked.
        1040 | 1203 | 1226 | 1135 | 1129
        // Starting, ending, or not yet a member of its cluster; the connection was ended.
        | 1047 | 1053 | 1077 | 1079 | 1152 | 1184 | 1927 | 3032 | 3169 | 4031
        // Packets lost on the way.
        | 1158..=1161
        // Lock wait, deadlock, interrupted, took too long.
        | 1205 | 1213 | 1317 | 1969 | 3024
        // Read-only: a replica, or a primary that is about to become one.
        | 1290 | 1792 | 1836 | 3100
        // Out of memory or disk; the storage engine fails.
        | 1021 | 1026 | 1030 | 1037 | 1038 | 1041 | 1114 | 1180
        // The table was altered meanwhile.
        | 1412 | 1615 => Meaning::Unavailable,
        // Too long or too large; no partition or no type for it; no JSON, or too deep.
        1118 | 1153 | 1366 | 1406 | 1526 | 3140 | 3157 => Meaning::Refused,
        // Index or table damaged.
        126 | 127 | 1034 | 1035 | 1712 => Meaning::Corrupt,
        _ => match error.code().unwrap_or_default().get(..2) {
            Some("08" | "40") => Meaning::Unavailable,
            Some("22" | "23") => Meaning::Refused,
            _ => Meaning::Other,
        },
    }
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

/// Whether the server ended a transaction so that another can go on: the same may succeed at once.
pub(super) fn is_deadlock(error: &sqlx::Error) -> bool {
    // The second: the table was altered between its first statement and this one.
    matches!(number(error), Some(1213 | 1412))
}

/// Whether a lock was waited for in vain.
pub(super) fn is_lock_wait(error: &sqlx::Error) -> bool {
    number(error) == Some(1205)
}

/// Whether the server turned user or password away.
pub(super) fn is_refused_login(error: &sqlx::Error) -> bool {
    // Wrong, not for this database, not by password, expired, locked.
    matches!(number(error), Some(1044 | 1045 | 1698 | 1862 | 3118))
}

/// Whether the server is of no use any more to this connection, whatever it may be to a new one: it ends, or only
/// reads, as one does that handed its work over to another of the same name.
pub(super) fn is_parting(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1053 | 1290 | 1792 | 1836 | 1927 | 3169 | 4031))
}

/// Whether a key is there already.
pub(super) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(DatabaseError::is_unique_violation)
}

/// Whether an insert found room: not where its key is there already.
pub(super) fn room(inserted: Result<MySqlQueryResult, sqlx::Error>) -> Result<bool, sqlx::Error> {
    match inserted {
        Ok(inserted) => Ok(inserted.rows_affected() > 0),
        Err(error) if is_duplicate(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a table is missing.
pub(super) fn is_missing_table(error: &sqlx::Error) -> bool {
    number(error) == Some(1146)
}
