//! The console's pages, rendered on the server: a file a page, its template of the same name. What they do is
//! asked of [`crate::console`]; nothing is decided here. Which route shows which page is told in [`crate::startup`].

pub(crate) mod account;
pub(crate) mod assets;
pub(crate) mod audit;
mod document_form;
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

use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_settings::Approval;
use bellwether_store::Clock;
use bellwether_web::Problem;

pub(crate) use frame::Frame;
pub(crate) use problem::{PageError, no_such_page, not_found};

use crate::access::{Access, Signed};
use crate::console::Console;

/// What every page can reach.
pub(crate) struct State {
    pub(crate) console: Console,
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where people reach the console, as `https://…`; empty where it was not set.
    pub(crate) public_url: String,
    /// Whether a second person has to agree.
    pub(crate) approval: Approval,
    /// How long a promotion is watched unless somebody says otherwise, in minutes.
    pub(crate) bake_minutes: u64,
}

impl State {
    /// Who is logged in.
    ///
    /// # Errors
    /// [`PageError::LoginNeeded`], which leads back here.
    pub(crate) async fn enter(&self, request: &HttpRequest) -> Result<Signed, PageError> {
        let next = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        self.access.signed(request).await?.ok_or(PageError::LoginNeeded { next })
    }
}

/// Our own files only, no frames, forms to ourselves.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page as an answer.
///
/// # Errors
/// Where the template cannot be rendered.
fn page(template: &impl Template) -> Result<HttpResponse, PageError> {
    page_of(HttpResponse::Ok(), template)
}

fn page_of(mut answer: HttpResponseBuilder, template: &impl Template) -> Result<HttpResponse, PageError> {
    let html = template.render().map_err(|error| PageError::Problem(Problem::internal(&error)))?;
    Ok(answer
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        // Without it browsers would send `Origin: null` with our own forms.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .body(html))
}

/// Sends the browser on to a page of ours, after a form was taken.
fn go(path: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path.as_ref())).finish()
}
