//! The console's pages, rendered on the server: a file a page, its template of the same name. What they do is
//! asked of [`crate::console`]; nothing is decided here. Which route shows which page is told in [`crate::startup`].

pub(crate) mod account;
pub(crate) mod audit;
mod document_form;
pub(crate) mod drift;
pub(crate) mod experiment;
pub(crate) mod experiments;
pub(crate) mod export;
mod frame;
pub(crate) mod history;
mod judging_form;
pub(crate) mod login;
pub(crate) mod overview;
pub(crate) mod payloads;
pub(crate) mod people;
mod problem;
pub(crate) mod proposal;
pub(crate) mod proposals;
pub(crate) mod propose;
pub(crate) mod replicas;
mod report;
mod schema;
mod shown;
pub(crate) mod version;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_pages::answer::{self, go};
use bellwether_settings::Approval;
use bellwether_store::Clock;

pub(crate) use frame::{CONSOLE, Frame};
pub(crate) use problem::{PageError, no_such_page, not_found};

use crate::access::{Access, Signed};
use crate::console::Console;

/// What every page can reach.
pub(crate) struct State {
    pub(crate) console: Console,
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether a second person has to agree.
    pub(crate) approval: Approval,
    /// How long a promotion is watched unless somebody says otherwise, in minutes.
    pub(crate) bake_minutes: u64,
}

impl State {
    /// Who is logged in.
    ///
    /// # Errors
    /// [`bellwether_pages::Refused::LoginNeeded`], which leads back here.
    pub(crate) async fn enter(&self, request: &HttpRequest) -> Result<Signed, PageError> {
        Ok(self.access.entrance.enter(request).await?)
    }
}

/// A page as an answer.
///
/// # Errors
/// Where the template cannot be rendered.
fn page(template: &impl Template) -> Result<HttpResponse, PageError> {
    Ok(answer::page(template)?)
}

fn page_of(answer: HttpResponseBuilder, template: &impl Template) -> Result<HttpResponse, PageError> {
    Ok(answer::page_of(answer, template)?)
}

/// `GET /assets/console.css`
pub(crate) async fn css() -> HttpResponse {
    CONSOLE.assets.css()
}

/// `GET /assets/console.js`
pub(crate) async fn js() -> HttpResponse {
    CONSOLE.assets.js()
}

/// `GET /assets/icon.svg`
pub(crate) async fn icon() -> HttpResponse {
    CONSOLE.assets.icon()
}
