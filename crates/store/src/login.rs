//! How a server is entered, read again when it has turned a login away: passwords rotate while we run.

use async_trait::async_trait;
use secrecy::SecretString;

/// Where a server is and who enters it. Empty user or password: as the URL has them.
#[derive(Debug, Clone)]
pub struct LoginDetails {
    /// The server's URL, which may hold user and password.
    pub url: SecretString,
    /// The user, not encoded in any way.
    pub user: SecretString,
    /// The password, not encoded in any way.
    pub password: SecretString,
}

/// Tells the details of a login.
#[async_trait]
pub trait Login: Send + Sync {
    /// The details as far as they are known: without asking anyone, where that was done before.
    async fn details(&self) -> LoginDetails;

    /// The details, asked for anew because the last ones were turned away. May be called often: whoever
    /// implements it sees to it that its source is not.
    async fn renewed(&self) -> LoginDetails;
}

/// A login that never changes.
#[async_trait]
impl Login for LoginDetails {
    async fn details(&self) -> LoginDetails {
        self.clone()
    }

    async fn renewed(&self) -> LoginDetails {
        self.clone()
    }
}

impl LoginDetails {
    /// A login that is all in its URL.
    pub fn of_url(url: impl Into<SecretString>) -> Self {
        Self { url: url.into(), user: SecretString::default(), password: SecretString::default() }
    }
}
