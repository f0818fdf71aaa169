//! Where secrets come from.

use async_trait::async_trait;
use secrecy::SecretString;

/// Why a secret was not had. Never holds its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none of that name; the text says where it was looked for.
    #[error("is not there: {0}")]
    Missing(String),
    /// It could not be asked for, or was refused.
    #[error("cannot be read: {0}")]
    Unavailable(String),
}

/// Keeps secrets by name.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The text of a secret as it is now, asked for anew at every call. Answers within 10 s.
    ///
    /// # Errors
    /// [`SecretError`], without the value.
    async fn read(&self, name: &str) -> Result<SecretString, SecretError>;
}
