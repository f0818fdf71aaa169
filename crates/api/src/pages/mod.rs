//! The model page: people of this environment log in, look clients up, see why a score is what it is, and who is at
//! risk. A file a page, its template of the same name. Pages take the cookie of a session and never a token, as the
//! rest of the service takes tokens and never cookies. Which route shows which page is told in [`crate::startup`].

pub(crate) mod client;
mod csv;
pub(crate) mod flagged;
pub(crate) mod ids;
pub(crate) mod login;
mod lookup;
mod shown;
pub(crate) mod table;
mod what_if;
mod why;

use std::fmt;
use std::sync::{Arc, LazyLock};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use bellwether_pages::{Assets, Entrance, EntranceOptions, NotAllowed, Refused, Site, SiteLink};
use bellwether_settings::Settings;
use bellwether_store::{Clock, Role, SharedDatabase, StoreError};
use bellwether_web::Problem;
use chrono::TimeDelta;

/// Where clients are looked up.
pub(crate) const HOME: &str = "/model_interface";

const LINKS: [SiteLink; 2] = [
    SiteLink { href: HOME, text: "Look up", least: Role::Viewer },
    SiteLink { href: flagged::PATH, text: "At risk", least: Role::Viewer },
];

/// The model page.
pub(crate) static MODEL_PAGE: Site = Site {
    name: "model",
    subject: "model page",
    home: HOME,
    home_text: "Look clients up",
    account: None,
    links: &LINKS,
    told: &[],
    assets: LazyLock::new(|| {
        Assets::new(include_str!("../../assets/model.css"), include_str!("../../assets/model.js"))
    }),
};

/// What the pages can reach beside the service's state.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) entrance: Entrance,
}

impl Desk {
    /// A desk for the people of this database. The cookie is named by the environment, since apis of several may share
    /// a host.
    pub(crate) fn new(settings: &Settings, database: SharedDatabase, clock: Arc<dyn Clock>) -> Self {
        let page = &settings.model_page;
        let options = EntranceOptions {
            cookie: format!("bellwether-model-{}", settings.environment.as_str()),
            realm: "model page",
            public_url: page.public_url.clone(),
            idle: TimeDelta::minutes(page.session_idle_minutes.into()),
            longest: TimeDelta::hours(page.session_hours.into()),
        };
        Self { entrance: Entrance::new(&MODEL_PAGE, database, clock, options) }
    }
}

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) struct PageError(Refused);

impl fmt::Display for PageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.answer(&MODEL_PAGE)
    }
}

impl From<Refused> for PageError {
    fn from(refused: Refused) -> Self {
        Self(refused)
    }
}

impl From<NotAllowed> for PageError {
    fn from(why: NotAllowed) -> Self {
        Self(why.into())
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        Self(problem.into())
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

/// Why a path that leads nowhere shows nothing.
pub(crate) fn no_such_page() -> PageError {
    Refused::no_such_page().into()
}

/// `GET /assets/model.css`
pub(crate) async fn css() -> HttpResponse {
    MODEL_PAGE.assets.css()
}

/// `GET /assets/model.js`
pub(crate) async fn js() -> HttpResponse {
    MODEL_PAGE.assets.js()
}

/// `GET /assets/icon.svg`
pub(crate) async fn icon() -> HttpResponse {
    MODEL_PAGE.assets.icon()
}
