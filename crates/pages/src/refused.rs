//! What a page answers when it cannot do what was asked: the login page, or a page that says why.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use askama::Template;
use bellwether_store::StoreError;
use bellwether_web::Problem;

use crate::answer::page_of;
use crate::{Frame, Kept, NotAllowed, Site, login};

/// Why a page is not shown.
#[derive(Debug)]
pub enum Refused {
    /// Nobody is logged in.
    LoginNeeded {
        /// Where to go afterwards.
        next: String,
    },
    /// A form came from somebody who is no longer logged in.
    SessionEnded(Box<Ended>),
    /// The person may not.
    Forbidden(String),
    /// Anything else.
    Problem(Problem),
}

/// A form that came with a session that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What was typed into it.
    pub kept: Kept,
    /// The login form's cookie.
    pub cookie: Cookie<'static>,
    /// What the login form has to carry.
    pub form: String,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    title: String,
    detail: String,
}

impl Refused {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::LoginNeeded { .. } => StatusCode::SEE_OTHER,
            Self::SessionEnded(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Problem(problem) => {
                StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// The page that says so.
    pub fn answer(&self, site: &'static Site) -> HttpResponse {
        let (title, detail) = match self {
            Self::LoginNeeded { next } => return login::needed(site, next),
            Self::SessionEnded(ended) => return login::ended(site, ended),
            Self::Forbidden(why) => ("You may not do this", why.as_str()),
            Self::Problem(problem) => (problem.title(), problem.detail()),
        };
        let (title, detail) = (title.to_owned(), detail.to_owned());
        page_of(HttpResponse::build(self.status()), &ProblemPage { frame: Frame::bare(site), title, detail })
            .unwrap_or_else(|_| HttpResponse::build(self.status()).body("Something failed on our side."))
    }

    /// Why a path that leads nowhere shows nothing.
    pub fn no_such_page() -> Self {
        Self::Problem(Problem::not_found("There is no such page."))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoginNeeded { .. } => formatter.write_str("nobody is logged in"),
            Self::SessionEnded(_) => formatter.write_str("the session has ended"),
            Self::Forbidden(why) => formatter.write_str(why),
            Self::Problem(problem) => problem.fmt(formatter),
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<NotAllowed> for Refused {
    fn from(NotAllowed(why): NotAllowed) -> Self {
        Self::Forbidden(why)
    }
}
