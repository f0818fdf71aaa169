//! What a page answers when it cannot do what was asked: the login page, or a page that says why.

use std::fmt;

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use bellwether_core::change::ThreeWay;
use bellwether_store::StoreError;
use bellwether_web::Problem;

use super::shown::{ClashRow, clash_rows};
use super::{Frame, page_of};
use crate::ConsoleError;
use crate::access::Kept;

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Nobody is logged in.
    LoginNeeded {
        /// Where to go afterwards.
        next: String,
    },
    /// A form came from somebody who is no longer logged in.
    SessionEnded {
        /// What was typed into it.
        kept: Kept,
        /// The login form's cookie.
        cookie: Box<Cookie<'static>>,
        /// What the login form has to carry.
        form: String,
    },
    /// The person may not.
    Forbidden(String),
    /// Production has moved on.
    Stale {
        /// What the proposer saw.
        base: u64,
        /// What is live.
        live: u64,
        /// Every field in which they differ.
        fields: Vec<ThreeWay>,
    },
    /// Anything else.
    Problem(Problem),
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    title: String,
    detail: String,
    clashes: Vec<ClashRow>,
}

impl fmt::Display for PageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoginNeeded { .. } => formatter.write_str("nobody is logged in"),
            Self::SessionEnded { .. } => formatter.write_str("the session has ended"),
            Self::Forbidden(why) => formatter.write_str(why),
            Self::Stale { base, live, .. } => {
                write!(formatter, "production is at version {live}, not at {base}")
            }
            Self::Problem(problem) => problem.fmt(formatter),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::LoginNeeded { .. } => StatusCode::SEE_OTHER,
            Self::SessionEnded { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Stale { .. } => StatusCode::CONFLICT,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (title, detail, clashes) = match self {
            Self::LoginNeeded { next } => return super::login::needed(next),
            Self::SessionEnded { kept, cookie, form } => return super::login::ended(kept, cookie, form),
            Self::Forbidden(why) => ("You may not do this".to_owned(), why.clone(), Vec::new()),
            Self::Stale { base, live, fields } => (
                "Production has moved on".to_owned(),
                format!(
                    "This was made from version {base}, and version {live} is live now. Nothing was changed. Below is \
                     what was there, what is live, and what you propose."
                ),
                clash_rows(fields),
            ),
            Self::Problem(problem) => (problem.title().to_owned(), problem.detail().to_owned(), Vec::new()),
        };
        let page = ProblemPage { frame: Frame::bare(), title, detail, clashes };
        page_of(HttpResponse::build(self.status_code()), &page)
            .unwrap_or_else(|_| HttpResponse::build(self.status_code()).body("Something failed on our side."))
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<ConsoleError> for PageError {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Forbidden(why) => Self::Forbidden(why),
            ConsoleError::Stale { base, live, fields } => Self::Stale { base, live, fields },
            other => Self::Problem(other.into()),
        }
    }
}

/// A page that is not there.
pub(crate) async fn not_found(_: HttpRequest) -> Result<HttpResponse, PageError> {
    Err(no_such_page())
}

/// Why a path that leads nowhere shows nothing.
pub(crate) fn no_such_page() -> PageError {
    PageError::Problem(Problem::not_found("There is no such page."))
}
