//! What a JSON Web Token says of its bearer, once it is known to be genuine.

use serde::Deserialize;

use super::{Caller, Identity, Refusal, Scopes};

/// What OpenID Connect allows a subject.
const MAX_SUBJECT_CHARS: usize = 255;

/// The claims that matter here; `iss`, `aud`, `exp` and `nbf` have been checked before.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    sub: Option<String>,
    client_id: Option<String>,
    azp: Option<String>,
    scope: Option<Names>,
    scp: Option<Names>,
    scopes: Option<Names>,
}

/// Issuers write scopes as a text, separated by spaces, or as a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    Text(String),
    List(Vec<String>),
}

impl Claims {
    /// Whom the token names: its subject, or the client it was issued to.
    ///
    /// # Errors
    /// Where the name is unfit to be a key of rate limits and a word in logs.
    pub(super) fn caller(&self) -> Identity {
        let mut names = [&self.sub, &self.client_id, &self.azp].into_iter().flatten();
        let subject = names.find(|name| !name.is_empty()).map_or("unnamed", String::as_str);
        if subject.chars().nth(MAX_SUBJECT_CHARS).is_some() || subject.chars().any(char::is_control) {
            return Err(Refusal::WrongToken("the token's subject cannot be taken"));
        }
        Ok(Caller::of_jwt(subject, self.scopes()))
    }

    fn scopes(&self) -> Scopes {
        let names = [&self.scope, &self.scp, &self.scopes].into_iter().flatten();
        names
            .flat_map(|names| match names {
                Names::Text(text) => text.split_ascii_whitespace().collect::<Vec<_>>(),
                Names::List(list) => list.iter().map(String::as_str).collect(),
            })
            .collect()
    }
}
