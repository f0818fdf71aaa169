//! Who people are: what a name and a password have to be, and what is kept of a password and of a token. Hashes are
//! made here and kept by the store; who may do what is decided by whoever asks.

mod names;
mod passwords;
mod tokens;

pub use names::{NOBODY, SYSTEM, check_name};
pub use passwords::{HashError, MIN_PASSWORD_CHARS, check_password, hash_password, verify_password};
pub use tokens::{MadeToken, make_token, token_hash, token_id};
