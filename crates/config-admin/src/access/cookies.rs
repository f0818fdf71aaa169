//! The two cookies there are: the session's, and one that ties a login form to the browser it was shown to.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwether_web::Origin;
use sha2::{Digest as _, Sha256};

use crate::pages::State;

/// How long a login form may stand, in minutes.
const LOGIN_MINUTES: i64 = 60;

/// Over https a name that browsers take from this very host and https only.
fn session_name(secure: bool) -> &'static str {
    if secure { "__Host-bellwether" } else { "bellwether" }
}

fn login_name(secure: bool) -> &'static str {
    if secure { "__Host-bellwether-login" } else { "bellwether-login" }
}

/// Whether people come over https: this request did, by our own ear or a trusted proxy's, or `console.public_url` says
/// that all do.
pub(super) fn is_secure(request: &HttpRequest) -> bool {
    let told =
        request.app_data::<Data<State>>().is_some_and(|state| state.public_url.starts_with("https://"));
    told || request.extensions().get::<Origin>().is_some_and(|origin| origin.secure)
}

fn cookie(name: &'static str, value: String, secure: bool) -> Cookie<'static> {
    // Lax: a link in an email shall find its reader logged in; no other site's form brings it along.
    Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax).secure(secure).finish()
}

/// The session's cookie: gone when the browser closes.
pub(crate) fn session_cookie(request: &HttpRequest, secret: String) -> Cookie<'static> {
    let secure = is_secure(request);
    cookie(session_name(secure), secret, secure)
}

/// Takes the session's cookie back.
pub(crate) fn clear_session(request: &HttpRequest) -> Cookie<'static> {
    let mut cookie = session_cookie(request, String::new());
    cookie.make_removal();
    cookie
}

/// The login form's cookie, and what the form has to carry: as the browser has it, or new.
pub(crate) fn login_cookie(request: &HttpRequest) -> (Cookie<'static>, String) {
    let secure = is_secure(request);
    let secret = login_secret(request).unwrap_or_else(secret);
    let mut cookie = cookie(login_name(secure), secret.clone(), secure);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_max_age(Duration::minutes(LOGIN_MINUTES));
    (cookie, secret)
}

/// What the browser holds of a session.
pub(super) fn session_secret(request: &HttpRequest) -> Option<String> {
    request.cookie(session_name(is_secure(request))).map(|cookie| cookie.value().to_owned())
}

/// What the browser holds of a login form. One that we did not make is as good as none.
pub(crate) fn login_secret(request: &HttpRequest) -> Option<String> {
    let secret = request.cookie(login_name(is_secure(request)))?.value().to_owned();
    (URL_SAFE_NO_PAD.decode(&secret).ok()?.len() == 32).then_some(secret)
}

/// 32 bytes of chance, as text.
pub(super) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is kept of a secret: it has too much chance in it to be guessed from its hash.
pub(super) fn hash(secret: &str) -> String {
    format!("{:x}", Sha256::digest(secret.as_bytes()))
}
