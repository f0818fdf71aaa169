//! Who may call: a bearer token and the scopes it carries.

use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use bellwether_core::prediction::Purpose;
use bellwether_settings::{Auth as AuthSettings, AuthMode};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::Problem;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Ask for predictions.
    Predict,
    /// Enqueue emails and look at their jobs.
    Emails,
    /// See and refresh the config; mark calls with a purpose.
    Config,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::Emails => "emails",
            Self::Config => "config",
        }
    }
}

/// The header that marks a call made for no client's sake.
pub const PURPOSE_HEADER: &str = "x-bellwether-purpose";

/// Decides who may call. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Auth {
    /// None where auth is off.
    token: Option<SecretString>,
}

impl Auth {
    /// Auth as the settings say.
    pub fn new(settings: &AuthSettings) -> Self {
        Self { token: (settings.mode == AuthMode::Required).then(|| settings.token.clone()) }
    }

    /// Whether the bearer of this `Authorization` header has a scope.
    ///
    /// # Errors
    /// 401 where there is none, 403 where it is wrong or lacks the scope.
    pub fn check(&self, header: Option<&str>, scope: Scope) -> Result<(), Problem> {
        let Some(token) = &self.token else { return Ok(()) };
        let Some(given) = header.and_then(|header| header.strip_prefix("Bearer ")) else {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "expected `Authorization: Bearer TOKEN`"));
        };
        let same = given.trim().as_bytes().ct_eq(token.expose_secret().as_bytes());
        if !bool::from(same) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "access denied"));
        }
        // The shared token carries these two and no more.
        match scope {
            Scope::Predict | Scope::Emails => Ok(()),
            Scope::Config => {
                let detail = format!("access denied: the shared token lacks the scope `{}`", scope.as_str());
                Err(Problem::new(StatusCode::FORBIDDEN, detail))
            }
        }
    }
}

/// Middleware: lets a request through if its bearer has the scope, before its body is read. Use as
/// `from_fn(move |request, next| require(auth.clone(), Scope::Predict, request, next))`.
///
/// # Errors
/// 401 and 403 as [`Auth::check`]; 422 for an unknown purpose.
pub async fn require<B: MessageBody + 'static>(
    auth: Auth,
    scope: Scope,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let bearer = header(AUTHORIZATION.as_str());
    auth.check(bearer, scope)?;
    if let Some(purpose) = header(PURPOSE_HEADER) {
        auth.check(bearer, Scope::Config)?;
        let purpose: Purpose =
            purpose.parse().map_err(|error: String| Problem::field(PURPOSE_HEADER, error))?;
        request.extensions_mut().insert(purpose);
    }
    next.call(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> Auth {
        Auth { token: Some("0123456789abcdef".into()) }
    }

    fn status(header: Option<&str>, scope: Scope) -> Option<u16> {
        auth().check(header, scope).err().map(|problem| problem.status())
    }

    #[test]
    fn no_token_is_401_a_wrong_one_403_and_the_right_one_passes() {
        assert_eq!(status(None, Scope::Predict), Some(401));
        assert_eq!(status(Some("Basic 0123456789abcdef"), Scope::Predict), Some(401));
        assert_eq!(status(Some("Bearer wrong"), Scope::Predict), Some(403));
        assert_eq!(status(Some("Bearer 0123456789abcdef"), Scope::Predict), None);
        assert_eq!(status(Some("Bearer 0123456789abcdef"), Scope::Emails), None);
    }

    #[test]
    fn the_shared_token_does_not_carry_config() {
        assert_eq!(status(Some("Bearer 0123456789abcdef"), Scope::Config), Some(403));
    }

    #[test]
    fn the_token_is_not_in_the_debug_output() {
        assert!(!format!("{:?}", auth()).contains("0123456789abcdef"));
    }
}
