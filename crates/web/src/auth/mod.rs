//! Who calls, and what the caller may do: a shared token and JSON Web Tokens side by side.
//!
//! A request is identified once, before anything else is done for it ([`Auth::identify`]); a route then
//! demands a scope ([`require`]).

mod caller;
mod claims;
mod issue;
mod jwks;
mod jwt;
mod key_source;
mod keys;
mod refusal;
mod require;
mod scope;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use bellwether_settings::{Auth as AuthSettings, AuthMode, Rotating};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

pub use caller::{Caller, Identity};
pub use issue::{Grant, IssueError};
pub use refusal::Refusal;
pub use require::{PURPOSE_HEADER, require};
pub use scope::{Scope, Scopes};

use jwt::JwtVerifier;

/// The setting that holds the shared token.
const TOKEN: &str = "auth.token";
/// How long a caller waits for a token to be read anew.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why callers cannot be told apart as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The key set is a file, and it cannot be used.
    #[error("auth.jwks_file: `{path}` {why}")]
    File {
        /// Where it should be.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// No request for keys can be made.
    #[error("auth.jwks_url: {0}")]
    Client(String),
}

/// Tells who calls. Cheap to clone; all clones share their keys.
#[derive(Debug, Clone)]
pub struct Auth(Arc<Means>);

#[derive(Debug)]
struct Means {
    mode: AuthMode,
    /// As it was at the start; empty where there is none.
    token: SecretString,
    /// What has become of it, where it is kept as a secret.
    rotating: Rotating,
    jwt: Option<JwtVerifier>,
}

impl Auth {
    /// Auth as the settings say. A key set is read now, and then kept up to date until `stop`; one that
    /// stands behind a URL that cannot be reached is only warned of.
    ///
    /// # Errors
    /// [`AuthError`] where the key set is a file that cannot be used.
    pub async fn begin(
        settings: &AuthSettings,
        rotating: Rotating,
        stop: &CancellationToken,
    ) -> Result<Self, AuthError> {
        let jwt = match settings.mode {
            AuthMode::Required => JwtVerifier::begin(settings, stop).await?,
            AuthMode::Off => None,
        };
        Ok(Self(Arc::new(Means { mode: settings.mode, token: settings.token.clone(), rotating, jwt })))
    }

    /// Who calls, by the header `Authorization`. An unknown key, or a token that may be newer than ours, is
    /// waited for 2 s at most.
    ///
    /// # Errors
    /// [`Refusal`]; whether it matters is for the route to say.
    pub async fn identify(&self, headers: &HeaderMap) -> Identity {
        let Means { mode, jwt, .. } = &*self.0;
        if *mode == AuthMode::Off {
            return Ok(Caller::local());
        }
        let given = bearer(headers)?;
        if is_token(given, &self.0.token()) {
            return Ok(Caller::shared_token());
        }
        match jwt {
            Some(jwt) if jwt::looks_like_one(given) => jwt.verify(given).await,
            _ if is_token(given, &self.0.renewed_token().await) => Ok(Caller::shared_token()),
            _ => Err(Refusal::WrongToken("access denied")),
        }
    }
}

impl Means {
    /// The shared token as it is known.
    fn token(&self) -> SecretString {
        self.rotating.current(TOKEN).unwrap_or_else(|| self.token.clone())
    }

    /// The shared token, asked for anew: the one that was given may be newer than ours. The source is asked once in
    /// 5 s at most, however many strangers call.
    async fn renewed_token(&self) -> SecretString {
        let renewed = tokio::time::timeout(PATIENCE, self.rotating.renewed(TOKEN)).await;
        renewed.ok().flatten().unwrap_or_else(|| self.token())
    }
}

fn is_token(given: &str, token: &SecretString) -> bool {
    let token = token.expose_secret();
    !token.is_empty() && bool::from(given.as_bytes().ct_eq(token.as_bytes()))
}

/// The bearer token, and never a second one.
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut given = headers.get_all(actix_web::http::header::AUTHORIZATION);
    let (Some(header), None) = (given.next(), given.next()) else { return Err(Refusal::NoToken) };
    let header = header.to_str().map_err(|_| Refusal::NoToken)?;
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::NoToken)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(Refusal::NoToken);
    }
    Ok(token)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "auth_tests.rs"]
mod tests;
