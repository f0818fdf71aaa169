//! The two cookies there are: the session's, and one that ties a login form to the browser it was shown to.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage as _, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwether_web::Origin;
use sha2::{Digest as _, Sha256};

use crate::Entrance;

/// How long a login form may stand, in minutes.
const LOGIN_MINUTES: i64 = 60;

impl Entrance {
    /// Over https a name that browsers take from this very host and https only.
    fn session_name(&self, secure: bool) -> String {
        let name = &self.options.cookie;
        if secure { format!("__Host-{name}") } else { name.clone() }
    }

    fn login_name(&self, secure: bool) -> String {
        format!("{}-login", self.session_name(secure))
    }

    /// Whether people come over https: this request did, by our own ear or a trusted proxy's, or the public address
    /// says that all do.
    fn is_secure(&self, request: &HttpRequest) -> bool {
        let told = self.options.public_url.starts_with("https://");
        told || request.extensions().get::<Origin>().is_some_and(|origin| origin.secure)
    }

    /// The session's cookie: gone when the browser closes.
    pub(crate) fn session_cookie(&self, request: &HttpRequest, secret: String) -> Cookie<'static> {
        let secure = self.is_secure(request);
        cookie(self.session_name(secure), secret, secure)
    }

    /// Takes the session's cookie back.
    pub(crate) fn clear_session(&self, request: &HttpRequest) -> Cookie<'static> {
        let mut cookie = self.session_cookie(request, String::new());
        cookie.make_removal();
        cookie
    }

    /// The login form's cookie, and what the form has to carry: as the browser has it, or new.
    pub(crate) fn login_cookie(&self, request: &HttpRequest) -> (Cookie<'static>, String) {
        let secure = self.is_secure(request);
        let secret = self.login_secret(request).unwrap_or_else(secret);
        let mut cookie = cookie(self.login_name(secure), secret.clone(), secure);
        cookie.set_same_site(SameSite::Strict);
        cookie.set_max_age(Duration::minutes(LOGIN_MINUTES));
        (cookie, secret)
    }

    /// What the browser holds of a session.
    pub(crate) fn session_secret(&self, request: &HttpRequest) -> Option<String> {
        let name = self.session_name(self.is_secure(request));
        request.cookie(&name).map(|cookie| cookie.value().to_owned())
    }

    /// What the browser holds of a login form. One that we did not make is as good as none.
    pub(crate) fn login_secret(&self, request: &HttpRequest) -> Option<String> {
        let name = self.login_name(self.is_secure(request));
        let secret = request.cookie(&name)?.value().to_owned();
        (URL_SAFE_NO_PAD.decode(&secret).ok()?.len() == 32).then_some(secret)
    }

    /// What is kept of a session's secret: it has too much chance in it to be guessed from its hash. A secret of
    /// another realm's hashes to a session that nobody began.
    pub(crate) fn session_id(&self, secret: &str) -> String {
        let realm = self.options.realm;
        let salted = if realm.is_empty() { secret.to_owned() } else { format!("{realm}\0{secret}") };
        format!("{:x}", Sha256::digest(salted.as_bytes()))
    }
}

fn cookie(name: String, value: String, secure: bool) -> Cookie<'static> {
    // Lax: a link in an email shall find its reader logged in; no other site's form brings it along.
    Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax).secure(secure).finish()
}

/// 32 bytes of chance, as text.
pub(crate) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
