//! Why a caller is not let in, and how that is answered.

use actix_web::http::StatusCode;

use super::Scope;
use crate::Problem;

/// Why a caller is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// None came.
    NoToken,
    /// It was good once, or will be.
    OutOfTime(&'static str),
    /// It is good for nothing here; the words may be told.
    WrongToken(&'static str),
    /// It is good, and lacks this scope.
    LacksScope(Scope),
    /// The keys it would be checked with have never been there.
    KeysAway,
}

impl Refusal {
    /// The label that refusals are counted under.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::OutOfTime(_) => "token_out_of_time",
            Self::WrongToken(_) => "wrong_token",
            Self::LacksScope(_) => "scope",
            Self::KeysAway => "keys_away",
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoToken => Self::new(StatusCode::UNAUTHORIZED, "expected `Authorization: Bearer TOKEN`")
                .challenge("Bearer"),
            Refusal::OutOfTime(why) => Self::new(StatusCode::UNAUTHORIZED, why)
                .challenge(format!("Bearer error=\"invalid_token\", error_description=\"{why}\"")),
            Refusal::WrongToken(why) => {
                Self::new(StatusCode::FORBIDDEN, why).challenge("Bearer error=\"invalid_token\"")
            }
            Refusal::LacksScope(scope) => {
                let scope = scope.as_str();
                let detail = format!("access denied: the token lacks the scope `{scope}`");
                Self::new(StatusCode::FORBIDDEN, detail)
                    .challenge(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))
            }
            Refusal::KeysAway => {
                Self::unavailable("tokens cannot be checked: their key set could not be fetched yet")
            }
        }
    }
}
