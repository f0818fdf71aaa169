//! What a page of the console answers when it cannot do what was asked.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use bellwether_core::change::ThreeWay;
use bellwether_pages::{NotAllowed, Refused};
use bellwether_store::StoreError;
use bellwether_web::Problem;

use super::shown::{ClashRow, clash_rows};
use super::{CONSOLE, Frame, page_of};
use crate::ConsoleError;

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// As any service with pages refuses.
    Refused(Refused),
    /// Production has moved on.
    Stale {
        /// What the proposer saw.
        base: u64,
        /// What is live.
        live: u64,
        /// Every field in which they differ.
        fields: Vec<ThreeWay>,
    },
}

#[derive(Template)]
#[template(path = "stale.html")]
struct StalePage {
    frame: Frame,
    base: u64,
    live: u64,
    clashes: Vec<ClashRow>,
}

impl fmt::Display for PageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(formatter),
            Self::Stale { base, live, .. } => {
                write!(formatter, "production is at version {live}, not at {base}")
            }
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Refused(refused) => refused.status(),
            Self::Stale { .. } => StatusCode::CONFLICT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Refused(refused) => refused.answer(&CONSOLE),
            Self::Stale { base, live, fields } => {
                let (base, live, clashes) = (*base, *live, clash_rows(fields));
                let page = StalePage { frame: Frame::bare(&CONSOLE), base, live, clashes };
                page_of(HttpResponse::Conflict(), &page)
                    .unwrap_or_else(|_| HttpResponse::Conflict().body("Something failed on our side."))
            }
        }
    }
}

impl From<Refused> for PageError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<NotAllowed> for PageError {
    fn from(why: NotAllowed) -> Self {
        Self::Refused(why.into())
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<ConsoleError> for PageError {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Forbidden(why) => Self::Refused(Refused::Forbidden(why)),
            ConsoleError::Stale { base, live, fields } => Self::Stale { base, live, fields },
            other => Problem::from(other).into(),
        }
    }
}

/// A page that is not there.
pub(crate) async fn not_found(_: HttpRequest) -> Result<HttpResponse, PageError> {
    Err(no_such_page())
}

/// Why a path that leads nowhere shows nothing.
pub(crate) fn no_such_page() -> PageError {
    Refused::no_such_page().into()
}
