//! The header `Idempotency-Key`: a caller that asks again under the same key is not served twice.

use actix_web::{HttpMessage as _, HttpRequest};
use bellwether_web::Problem;
use bellwether_web::auth::Caller;
use sha2::{Digest as _, Sha256};

const HEADER: &str = "idempotency-key";
const MAX_CHARS: usize = 255;

/// A key, and whose it is: keys of different callers are different keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey {
    pub caller: String,
    pub key: String,
}

impl IdempotencyKey {
    /// The key of a request, if it bears one.
    ///
    /// # Errors
    /// 422 unless it is 1 to 255 visible characters of ASCII.
    pub(crate) fn of(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        let Some(value) = request.headers().get(HEADER) else { return Ok(None) };
        let key = value.to_str().unwrap_or_default().trim();
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.is_empty() || key.len() > MAX_CHARS || !visible {
            let expected = format!("expected 1 to {MAX_CHARS} visible characters of ASCII");
            return Err(Problem::field("Idempotency-Key", expected));
        }
        Ok(Some(Self { caller: caller(request), key: key.to_owned() }))
    }

    /// Names the pair in 64 hex digits.
    pub(crate) fn digest(&self) -> String {
        fingerprint(&[self.caller.as_bytes(), b"\0", self.key.as_bytes()].concat())
    }
}

/// SHA-256 in hex.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Who asks, as their token says.
fn caller(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    extensions.get::<Caller>().map(|caller| caller.subject.to_string()).unwrap_or_default()
}
