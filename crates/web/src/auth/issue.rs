//! A JSON Web Token for a caller of ours, signed with the secret that the api checks it with: for systems without an
//! issuer of their own. Who checks tokens, and how, is `jwt.rs`'s.

use bellwether_settings::Auth as AuthSettings;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::Scope;

/// Why a token cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// There is nothing to sign with.
    #[error("auth.jwt_secret: is empty; tokens are signed with it")]
    NoSecret,
    /// It cannot be signed.
    #[error("the token cannot be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// What a token says: who its bearer is, what they may do, and until when.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The bearer's name, as logs and rate limits know it.
    pub subject: String,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    scope: String,
}

impl Grant {
    /// The token, for the api that has these settings: HS256, with the issuer and the audience that it demands.
    ///
    /// # Errors
    /// Where there is no secret to sign with.
    pub fn token(&self, auth: &AuthSettings) -> Result<String, IssueError> {
        let secret = auth.jwt_secret.expose_secret();
        if secret.is_empty() {
            return Err(IssueError::NoSecret);
        }
        let claims = Claims {
            sub: &self.subject,
            iss: &auth.jwt_issuer,
            aud: &auth.jwt_audience,
            iat: self.from.timestamp(),
            exp: self.until.timestamp(),
            scope: self.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        };
        let key = EncodingKey::from_secret(secret.as_bytes());
        Ok(encode(&Header::new(Algorithm::HS256), &claims, &key)?)
    }
}
