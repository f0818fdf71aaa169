//! Who acts, and whether they may.

use std::fmt;

use bellwether_store::Role;

/// A person, by themselves or by one of their tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person's name.
    pub name: String,
    /// What they may do; for a token, what the token may.
    pub role: Role,
    /// The token's name, where one was shown.
    pub token: Option<String>,
}

/// Somebody may not do this; in words, who may.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(pub String);

impl Actor {
    /// Refuses whoever may not do what `role` may.
    ///
    /// # Errors
    /// [`NotAllowed`], saying who may.
    pub fn must_be(&self, role: Role, to: &str) -> Result<(), NotAllowed> {
        if self.role >= role {
            return Ok(());
        }
        let (has, needs) = (self.role, role);
        Err(NotAllowed(format!("to {to} takes the role {needs}; you have the role {has}")))
    }
}

/// As the audit log names it: `NAME`, or `token TOKEN of NAME`.
impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.token {
            Some(token) => write!(formatter, "token {token} of {}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}
