//! Passwords: argon2id, with the library's default cost (19 MiB, two passes).

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

/// The fewest characters of a password.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// The most: hashing more would only cost time.
const MAX_PASSWORD_CHARS: usize = 1_000;

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be hashed: {0}")]
pub struct HashError(String);

/// Whether a password is long enough.
///
/// # Errors
/// What is expected, in words.
pub fn check_password(password: &str) -> Result<(), String> {
    if (MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&password.chars().count()) {
        return Ok(());
    }
    Err(format!("expected {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"))
}

/// An argon2id hash in PHC form. Takes tens of milliseconds of a core: not for a thread that answers requests.
///
/// # Errors
/// [`HashError`].
pub fn hash_password(password: &str) -> Result<String, HashError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| HashError(error.to_string()))?.to_string())
}

/// What nobody's password hashes to, so that a name that nobody has costs the same work.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_password("nobody has this one").ok());

/// Whether a password is the one that was hashed. Without a hash the same work is done, and the answer is no. Takes
/// as long as [`hash_password`].
pub fn verify_password(hash: Option<&str>, password: &str) -> bool {
    let Some(text) = hash.or(NOBODY.as_deref()) else { return false };
    let matches = PasswordHash::new(text)
        .is_ok_and(|known| Argon2::default().verify_password(password.as_bytes(), &known).is_ok());
    matches && hash.is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_recognised_and_no_other() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify_password(Some(&hash), "correct horse battery"));
        assert!(!verify_password(Some(&hash), "correct horse batterY"));
        assert!(!verify_password(Some("no hash at all"), "correct horse battery"));
    }

    #[test]
    fn nobody_is_let_in_whatever_they_type() {
        assert!(!verify_password(None, "nobody has this one"));
    }

    #[test]
    fn a_short_password_is_refused() {
        assert!(check_password("elevenchars").is_err());
        assert!(check_password("twelve chars").is_ok());
    }
}
