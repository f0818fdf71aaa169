//! Forms: taken from our own pages only, and never lost. What comes with a session that has ended is kept by the
//! login page; what another site sends is refused before it is looked at.

use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, HOST, ORIGIN};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpMessage as _, HttpRequest};
use bellwether_store::Role;
use bellwether_web::Problem;
use bellwether_web::body::{self, BodyLimit};
use futures_util::StreamExt as _;
use subtle::ConstantTimeEq as _;

use crate::{Ended, Entrance, Fields, NotAllowed, Refused, Signed};

/// A form: the largest document and its reason fit many times.
pub const FORM: BodyLimit = BodyLimit { bytes: 512 * 1024, timeout: Duration::from_secs(10) };
/// The same of somebody without a session: what is typed goes through the login page, and no stranger takes a
/// request's place for long.
const STRANGERS: BodyLimit = BodyLimit { bytes: FORM.bytes / 4, timeout: Duration::from_secs(5) };
/// How much of what is too large is read for nothing, in bytes.
const LET_GO: usize = 32 * 1024 * 1024;
/// What is never kept over a login.
const NOT_KEPT: [&str; 5] = ["csrf", "password", "new_password", "kept", "kept_path"];

/// What was typed into a form whose session had ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it was to be sent.
    pub path: String,
    /// Its fields, without secrets.
    pub fields: Fields,
}

impl Entrance {
    /// A form sent by one of our pages, by somebody who has this role at least.
    ///
    /// # Errors
    /// [`Refused`]: the login page that keeps the fields, or a refusal.
    pub async fn posted(
        &self,
        request: &HttpRequest,
        payload: Payload,
        least: Role,
    ) -> Result<(Signed, Fields), Refused> {
        self.posted_within(FORM, request, payload, least).await
    }

    /// The same for a form of another size. What is too large to go through the login page is not kept.
    ///
    /// # Errors
    /// As [`Entrance::posted`].
    pub async fn posted_within(
        &self,
        limit: BodyLimit,
        request: &HttpRequest,
        payload: Payload,
        least: Role,
    ) -> Result<(Signed, Fields), Refused> {
        self.from_us(request)?;
        let Some(signed) = self.signed(request).await? else {
            // A stranger's form is read as far only as it can be kept.
            let fields = self.form(request, payload, STRANGERS).await.unwrap_or_default();
            let (cookie, form) = self.login_cookie(request);
            let fields = fields.without(&NOT_KEPT);
            let kept = Kept { path: request.path().to_owned(), fields };
            return Err(Refused::SessionEnded(Box::new(Ended { kept, cookie, form })));
        };
        let fields = self.form(request, payload, limit).await?;
        signed.made(fields.first("csrf"))?;
        signed.demand(least)?;
        Ok((signed, fields))
    }

    /// A form's fields, if one of our pages sent it.
    ///
    /// # Errors
    /// [`Refused::Forbidden`] for another site's.
    pub(crate) async fn form(
        &self,
        request: &HttpRequest,
        payload: Payload,
        limit: BodyLimit,
    ) -> Result<Fields, Refused> {
        self.from_us(request)?;
        let body = read(request, payload, limit, &["application/x-www-form-urlencoded"]).await?;
        Ok(Fields::parse(&body))
    }

    /// Refuses what another site sent.
    ///
    /// # Errors
    /// [`Refused::Forbidden`].
    pub fn from_us(&self, request: &HttpRequest) -> Result<(), Refused> {
        if is_ours(request, &self.options.public_url) {
            return Ok(());
        }
        Err(Refused::Forbidden("This form was sent by another site. Nothing was done.".to_owned()))
    }
}

/// Reads a form's body. One that is too large is read to its end, up to a bound, and let go of: browsers show no answer
/// that comes before they have sent everything.
///
/// # Errors
/// As [`body::read`].
pub async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: BodyLimit,
    types: &[&str],
) -> Result<Bytes, Problem> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > limit.bytes && length <= LET_GO) {
        let all = async { while payload.next().await.is_some_and(|chunk| chunk.is_ok()) {} };
        // Whether it came whole makes no difference: it is refused.
        let _ = tokio::time::timeout(limit.timeout, all).await;
    }
    body::read(request, payload, limit, types).await
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
    /// Refuses a form that was not made for this session.
    ///
    /// # Errors
    /// [`NotAllowed`].
    pub fn made(&self, csrf: &str) -> Result<(), NotAllowed> {
        if self.csrf.as_bytes().ct_eq(csrf.as_bytes()).into() {
            return Ok(());
        }
        let why = "This form was not made for your session. Go back, reload the page and send it again.";
        Err(NotAllowed(why.to_owned()))
    }

    /// Refuses those whose role is less.
    ///
    /// # Errors
    /// [`NotAllowed`].
    pub fn demand(&self, least: Role) -> Result<(), NotAllowed> {
        let role = self.actor.role;
        if role >= least {
            return Ok(());
        }
        Err(NotAllowed(format!("This is for the role {least}; yours is {role}.")))
    }
}

/// The client's address, as far as it is known.
pub fn address(request: &HttpRequest) -> std::net::IpAddr {
    let origin = request.extensions().get::<bellwether_web::Origin>().copied();
    origin.map_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |origin| origin.address)
}
