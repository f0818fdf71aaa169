//! What Redis's errors mean to callers.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::StoreError;

/// Whether the server turned our login away. A cluster's client wraps what a node said into text.
pub(super) fn is_refused_login(error: &RedisError) -> bool {
    let said = |word: &str| error.detail().is_some_and(|detail| detail.contains(word));
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH"))
        || ["WRONGPASS", "NOAUTH", "AuthenticationFailed"].into_iter().any(said)
}

/// Whether the same call may succeed later with nothing else changed.
fn is_passing(error: &RedisError) -> bool {
    let passing = matches!(
        error.kind(),
        ErrorKind::Io
            | ErrorKind::ClusterConnectionNotFound
            | ErrorKind::Server(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::Moved
                    | ServerErrorKind::Ask
                    | ServerErrorKind::ReadOnly
                    | ServerErrorKind::TryAgain
            )
    );
    // A refused login is not: whoever asks has read it anew already.
    (passing || error.is_timeout()) && !is_refused_login(error)
}

/// An engine's error as the store tells it.
pub(super) fn store_error(error: RedisError) -> StoreError {
    if is_passing(&error) { StoreError::Unavailable(error.into()) } else { StoreError::Engine(error.into()) }
}

/// A call that took longer than it may.
pub(super) fn timed_out() -> RedisError {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "Redis did not answer in time").into()
}
