//! JSON Web Tokens: HS256 by a secret, RS256 and EdDSA by a key set. What a token says of its own algorithm
//! only chooses among the keys that are meant for that algorithm.

use std::sync::Arc;
use std::time::Duration;

use bellwether_settings::Auth as AuthSettings;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use super::claims::Claims;
use super::key_source::KeySource;
use super::keys::Keys;
use super::{AuthError, Identity, Refusal};

/// Whether a bearer is meant to be a JWT rather than a shared token.
pub(super) fn looks_like_one(bearer: &str) -> bool {
    bearer.bytes().filter(|byte| *byte == b'.').count() == 2
}

#[derive(Debug)]
pub(super) struct JwtVerifier {
    secret: Option<DecodingKey>,
    keys: Option<Arc<Keys>>,
    hs256: Validation,
    rs256: Validation,
    eddsa: Validation,
}

impl JwtVerifier {
    /// A verifier as the settings say; none where no key is set.
    ///
    /// # Errors
    /// Where the key set is a file that cannot be used.
    pub(super) async fn begin(
        settings: &AuthSettings,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, AuthError> {
        let secret = settings.jwt_secret.expose_secret();
        let secret = (!secret.is_empty()).then(|| DecodingKey::from_secret(secret.as_bytes()));
        let keys = match KeySource::new(settings)? {
            Some(source) => {
                Some(Keys::begin(source, Duration::from_secs(settings.jwks_seconds), stop).await?)
            }
            None => None,
        };
        if secret.is_none() && keys.is_none() {
            return Ok(None);
        }
        let validation = |algorithm| validation(algorithm, settings);
        Ok(Some(Self {
            secret,
            keys,
            hs256: validation(Algorithm::HS256),
            rs256: validation(Algorithm::RS256),
            eddsa: validation(Algorithm::EdDSA),
        }))
    }

    /// Whom a token names.
    ///
    /// # Errors
    /// [`Refusal::OutOfTime`] where it is genuine and expired, or not valid yet; else what is wrong with it.
    pub(super) async fn verify(&self, token: &str) -> Identity {
        // `none`, and what nobody has heard of, does not come past here.
        let header = decode_header(token).map_err(|error| refusal(&error))?;
        if header.crit.is_some() {
            return Err(Refusal::WrongToken("the token demands what is not understood here"));
        }
        let id = header.kid.as_deref();
        match (header.alg, &self.secret, &self.keys) {
            (Algorithm::HS256, Some(secret), _) => caller(token, secret, &self.hs256),
            (Algorithm::RS256, _, Some(keys)) => {
                caller(token, &keys.find(id, Algorithm::RS256).await?.public, &self.rs256)
            }
            (Algorithm::EdDSA, _, Some(keys)) => {
                caller(token, &keys.find(id, Algorithm::EdDSA).await?.public, &self.eddsa)
            }
            _ => Err(Refusal::WrongToken("the token's algorithm is not taken here")),
        }
    }
}

fn validation(algorithm: Algorithm, settings: &AuthSettings) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&settings.jwt_issuer]);
    validation.set_audience(&[&settings.jwt_audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    validation.leeway = settings.jwt_leeway_seconds;
    validation
}

/// Checks signature and claims, in this order.
fn caller(token: &str, key: &DecodingKey, validation: &Validation) -> Identity {
    decode::<Claims>(token, key, validation).map_err(|error| refusal(&error))?.claims.caller()
}

fn refusal(error: &Error) -> Refusal {
    match error.kind() {
        ErrorKind::ExpiredSignature => Refusal::OutOfTime("the token has expired"),
        ErrorKind::ImmatureSignature => Refusal::OutOfTime("the token is not valid yet"),
        ErrorKind::InvalidSignature => Refusal::WrongToken("the token's signature is wrong"),
        ErrorKind::InvalidIssuer => Refusal::WrongToken("the token is of another issuer"),
        ErrorKind::InvalidAudience => Refusal::WrongToken("the token is for another audience"),
        ErrorKind::MissingRequiredClaim(_) => Refusal::WrongToken("the token lacks `exp`, `iss` or `aud`"),
        ErrorKind::InvalidAlgorithm => Refusal::WrongToken("the token's algorithm is not taken here"),
        _ => Refusal::WrongToken("the token cannot be read"),
    }
}
