//! Forms: taken from our own pages only, and never lost. What comes with a session that has ended is kept by the
//! login page; what another site sends is refused before it is looked at.

use std::time::Duration;

use actix_web::http::header::{HOST, ORIGIN};
use actix_web::web::Payload;
use actix_web::{HttpMessage as _, HttpRequest};
use bellwether_store::Role;
use bellwether_web::body::{self, BodyLimit};
use subtle::ConstantTimeEq as _;

use super::{Fields, Signed, login_cookie};
use crate::pages::{PageError, State};

/// A form: the largest document and its reason fit many times.
const LIMIT: BodyLimit = BodyLimit { bytes: 512 * 1024, timeout: Duration::from_secs(10) };
/// What is never kept over a login.
const NOT_KEPT: [&str; 5] = ["csrf", "password", "new_password", "kept", "kept_path"];

/// What was typed into a form whose session had ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Where it was to be sent.
    pub(crate) path: String,
    /// Its fields, without secrets.
    pub(crate) fields: Fields,
}

/// A form sent by one of our pages, by somebody who has this role at least.
///
/// # Errors
/// [`PageError`]: the login page that keeps the fields, or a refusal.
pub(crate) async fn posted(
    request: &HttpRequest,
    payload: Payload,
    state: &State,
    least: Role,
) -> Result<(Signed, Fields), PageError> {
    let fields = form(request, payload, state).await?;
    let Some(signed) = state.access.signed(request).await? else {
        let (cookie, form) = login_cookie(request);
        let kept = Kept { path: request.path().to_owned(), fields: fields.without(&NOT_KEPT) };
        return Err(PageError::SessionEnded { kept, cookie: Box::new(cookie), form });
    };
    if !bool::from(signed.csrf.as_bytes().ct_eq(fields.first("csrf").as_bytes())) {
        let why = "This form was not made for your session. Go back, reload the page and send it again.";
        return Err(PageError::Forbidden(why.to_owned()));
    }
    signed.demand(least)?;
    Ok((signed, fields))
}

/// A form's fields, if one of our pages sent it.
///
/// # Errors
/// [`PageError::Forbidden`] for another site's.
pub(crate) async fn form(
    request: &HttpRequest,
    payload: Payload,
    state: &State,
) -> Result<Fields, PageError> {
    if !is_ours(request, &state.public_url) {
        let why = "This form was sent by another site. Nothing was done.";
        return Err(PageError::Forbidden(why.to_owned()));
    }
    let body = body::read(request, payload, LIMIT, &["application/x-www-form-urlencoded"]).await?;
    Ok(Fields::parse(&body))
}

/// Whether a page of ours sent a request, as the browser tells: by `Sec-Fetch-Site`, else by `Origin`. A client that
/// tells neither is no browser, and carries nobody's cookies unawares.
fn is_ours(request: &HttpRequest, public_url: &str) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = header(ORIGIN.as_str()) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    origin == public_url.trim_end_matches('/') || (host.is_some() && host == header(HOST.as_str()))
}

impl Signed {
    /// Refuses those whose role is less.
    ///
    /// # Errors
    /// [`PageError::Forbidden`].
    pub(crate) fn demand(&self, least: Role) -> Result<(), PageError> {
        if self.actor.role >= least {
            return Ok(());
        }
        let role = self.actor.role;
        Err(PageError::Forbidden(format!("This is for the role {least}; yours is {role}.")))
    }
}

/// The client's address, as far as it is known.
pub(crate) fn address(request: &HttpRequest) -> std::net::IpAddr {
    let origin = request.extensions().get::<bellwether_web::Origin>().copied();
    origin.map_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |origin| origin.address)
}
