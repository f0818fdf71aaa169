//! Who calls.

use std::sync::Arc;

use super::{Refusal, Scope, Scopes};

/// Somebody who may call. Stands in the extensions of every request that said who it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `token` for the shared token, `local` where auth is off, else `jwt:` and the token's subject. Names a
    /// system, never a client.
    pub subject: Arc<str>,
    /// What it may do.
    pub scopes: Scopes,
}

/// Who calls, or why that cannot be told.
pub type Identity = Result<Caller, Refusal>;

impl Caller {
    /// Anybody, where auth is off.
    pub(super) fn local() -> Self {
        Self { subject: "local".into(), scopes: Scope::ALL.into_iter().collect() }
    }

    /// Whoever has the shared token, which carries these two scopes and no more.
    pub(super) fn shared_token() -> Self {
        Self { subject: "token".into(), scopes: [Scope::Predict, Scope::Emails].into_iter().collect() }
    }

    /// Whom a JWT names. The prefix keeps it apart from the two above.
    pub(super) fn of_jwt(subject: &str, scopes: Scopes) -> Self {
        Self { subject: format!("jwt:{subject}").into(), scopes }
    }
}
