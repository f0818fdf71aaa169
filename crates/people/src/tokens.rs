//! Tokens of pipelines: `bwc_ID_SECRET`. The id finds the token, the hash of the whole proves it; 32 bytes of chance
//! cannot be guessed from a plain SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

const PREFIX: &str = "bwc_";
const ID_CHARS: usize = 12;

/// A token that was just made.
pub struct MadeToken {
    /// Names it.
    pub id: String,
    /// The token itself, to be shown once and kept nowhere.
    pub text: String,
    /// What is kept of it: SHA-256, in hex.
    pub hash: String,
}

/// Makes a token.
pub fn make_token() -> MadeToken {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut chance = rand::rng();
    let id: String =
        (0..ID_CHARS).map(|_| char::from(letters[chance.random_range(0..letters.len())])).collect();
    let secret = URL_SAFE_NO_PAD.encode(chance.random::<[u8; 32]>());
    let text = format!("{PREFIX}{id}_{secret}");
    MadeToken { hash: token_hash(&text), id, text }
}

/// The id in a token; none in a text that is none.
pub fn token_id(token: &str) -> Option<&str> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    let plain = id.len() == ID_CHARS && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (plain && !secret.is_empty()).then_some(id)
}

/// What is kept of a token.
pub fn token_hash(token: &str) -> String {
    format!("{:x}", Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_id_and_proved_by_its_hash() {
        let made = make_token();
        assert_eq!(token_id(&made.text), Some(made.id.as_str()));
        assert_eq!(token_hash(&made.text), made.hash);
        assert_ne!(made.text, make_token().text);
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for none in ["", "bwc_", "bwc_short_x", "bwc_ABCDEFGHIJKL_x", "bwc_abcdefghijkl_", "abcdefghijkl_x"] {
            assert_eq!(token_id(none), None, "{none}");
        }
    }
}
