//! Logging in and out. A form that was sent with a session that had ended comes back after the login, as it was.

use actix_web::http::header::USER_AGENT;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_web::Problem;
use subtle::ConstantTimeEq as _;

use crate::answer::{go, page, page_of};
use crate::newcomer::Newcomer;
use crate::{Ended, Entrance, FORM, Fields, Frame, Kept, LoginRefused, Refused, Signed, Site, address};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    form: String,
    next: String,
    name: String,
    error: Option<String>,
    kept: Option<KeptFields>,
}

struct KeptFields {
    path: String,
    fields: String,
}

#[derive(Template)]
#[template(path = "resumed.html")]
struct Resumed {
    frame: Frame,
    path: String,
    fields: Vec<(String, String)>,
    shown: Vec<(String, String)>,
}

/// Leads to the login page, and from there to where one wanted to go.
pub(crate) fn needed(site: &Site, next: &str) -> HttpResponse {
    let query = Fields::default().with("next", next).encode();
    go(if next == site.home { "/login".to_owned() } else { format!("/login?{query}") })
}

/// The login page for a form that came from somebody who is no longer logged in: it keeps what was typed.
pub(crate) fn ended(site: &'static Site, ended: &Ended) -> HttpResponse {
    let Ended { kept, cookie, form } = ended;
    let page = LoginPage {
        frame: Frame::bare(site),
        form: form.clone(),
        next: site.home.to_owned(),
        name: String::new(),
        error: None,
        kept: Some(KeptFields { path: kept.path.clone(), fields: kept.fields.encode() }),
    };
    let mut answer = page_of(HttpResponse::Unauthorized(), &page)
        .unwrap_or_else(|_| HttpResponse::Unauthorized().finish());
    // A cookie of our own making can always be set.
    let _ = answer.add_cookie(cookie);
    answer
}

/// `GET /login`
///
/// # Errors
/// [`Refused`].
pub async fn show(entrance: &Entrance, request: &HttpRequest) -> Result<HttpResponse, Refused> {
    let site = entrance.site;
    let query = Fields::parse(request.query_string().as_bytes());
    let next = local(site, query.first("next"));
    if entrance.signed(request).await?.is_some() {
        return Ok(go(next));
    }
    let frame = Frame::bare(site).telling(query.first("done"));
    let (cookie, form) = entrance.login_cookie(request);
    let next = next.to_owned();
    let mut answer = page(&LoginPage { frame, form, next, name: String::new(), error: None, kept: None })?;
    answer.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
    Ok(answer)
}

/// `POST /login`. Where a form was kept over the login, `resume` shows it: nothing of it is done yet.
///
/// # Errors
/// [`Refused`], and those of `resume`.
pub async fn log_in<E: From<Refused>>(
    entrance: &Entrance,
    request: &HttpRequest,
    payload: Payload,
    resume: impl AsyncFnOnce(&Signed, Kept) -> Result<HttpResponse, E>,
) -> Result<HttpResponse, E> {
    let fields = entrance.form(request, payload, FORM).await?;
    let known = entrance.login_secret(request);
    let ours = known.is_some_and(|known| known.as_bytes().ct_eq(fields.first("form").as_bytes()).into());
    if !ours {
        return Ok(again(entrance, request, &fields, None, HttpResponse::Ok())?);
    }
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let newcomer = Newcomer {
        name: fields.first("name"),
        password: fields.first("password"),
        address: address(request),
        agent,
    };
    let secret = match entrance.log_in(newcomer).await {
        Ok(secret) => secret,
        Err(refused) => return Ok(turned_away(entrance, request, &fields, refused)?),
    };
    entrance.end(request).await.map_err(Refused::from)?;
    let mut answer = match kept(entrance.site, &fields) {
        Some(kept) => match entrance.signed_by(&secret).await.map_err(Refused::from)? {
            Some(signed) => resume(&signed, kept).await?,
            None => go("/login"),
        },
        None => go(local(entrance.site, fields.first("next"))),
    };
    let cookie = entrance.session_cookie(request, secret);
    answer.add_cookie(&cookie).map_err(|error| Refused::Problem(Problem::internal(&error)))?;
    Ok(answer)
}

fn turned_away(
    entrance: &Entrance,
    request: &HttpRequest,
    fields: &Fields,
    refused: LoginRefused,
) -> Result<HttpResponse, Refused> {
    match refused {
        LoginRefused::Store(error) => Err(error.into()),
        LoginRefused::Check => Err(Problem::internal(&LoginRefused::Check).into()),
        LoginRefused::Wrong => {
            again(entrance, request, fields, Some(refused.to_string()), HttpResponse::Unauthorized())
        }
        LoginRefused::Wait { seconds } => {
            let mut answer = HttpResponse::TooManyRequests();
            answer.insert_header(("retry-after", seconds.to_string()));
            again(entrance, request, fields, Some(refused.to_string()), answer)
        }
    }
}

/// The login page once more, with what was typed but the password.
fn again(
    entrance: &Entrance,
    request: &HttpRequest,
    fields: &Fields,
    error: Option<String>,
    answer: actix_web::HttpResponseBuilder,
) -> Result<HttpResponse, Refused> {
    let (cookie, form) = entrance.login_cookie(request);
    let kept =
        kept(entrance.site, fields).map(|kept| KeptFields { path: kept.path, fields: kept.fields.encode() });
    let page = LoginPage {
        frame: Frame::bare(entrance.site),
        form,
        next: local(entrance.site, fields.first("next")).to_owned(),
        name: fields.first("name").to_owned(),
        error,
        kept,
    };
    let mut answer = page_of(answer, &page)?;
    answer.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
    Ok(answer)
}

/// Shows what would be sent of a form that was kept over the login, and sends it where that is meant.
///
/// # Errors
/// [`Refused`].
pub fn resumed(frame: Frame, kept: Kept) -> Result<HttpResponse, Refused> {
    let shown = kept.fields.pairs().iter().filter(|(name, _)| name != "revision").cloned().collect();
    let fields = kept.fields.pairs().to_vec();
    Ok(page(&Resumed { frame, path: kept.path, fields, shown })?)
}

fn kept(site: &Site, fields: &Fields) -> Option<Kept> {
    let given = fields.first("kept_path");
    let path = local(site, given);
    (path == given)
        .then(|| Kept { path: path.to_owned(), fields: Fields::parse(fields.first("kept").as_bytes()) })
}

/// `POST /logout`
///
/// # Errors
/// [`Refused`].
pub async fn log_out(
    entrance: &Entrance,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refused> {
    if entrance.signed(request).await?.is_none() {
        return Ok(go("/login"));
    }
    entrance.posted(request, payload, bellwether_store::Role::Viewer).await?;
    entrance.end(request).await?;
    let mut answer = go("/login?done=logged-out");
    answer.add_cookie(&entrance.clear_session(request)).map_err(|error| Problem::internal(&error))?;
    Ok(answer)
}

/// A path of ours, or the first page: nobody is led elsewhere after a login.
fn local<'a>(site: &Site, path: &'a str) -> &'a str {
    let plain = path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/login")
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    if plain { path } else { site.home }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::Assets;

    static SITE: Site = Site {
        name: "test",
        subject: "test",
        home: "/home",
        home_text: "Home",
        account: None,
        links: &[],
        told: &[],
        assets: LazyLock::new(|| Assets::new("", "")),
    };

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        assert_eq!(local(&SITE, "/history?environment=stage"), "/history?environment=stage");
        for elsewhere in
            ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nSet-Cookie: x", "/login"]
        {
            assert_eq!(local(&SITE, elsewhere), "/home", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_form_is_kept_for_a_page_of_ours_and_for_no_other() {
        let form = |path: &str| Fields::default().with("kept_path", path).with("kept", "ids=1+2");
        let kept_form = kept(&SITE, &form("/home")).map(|kept| (kept.path, kept.fields.encode()));
        assert_eq!(kept_form, Some(("/home".to_owned(), "ids=1+2".to_owned())));
        assert_eq!(kept(&SITE, &form("//evil.example")), None);
        assert_eq!(kept(&SITE, &Fields::default()), None);
    }
}
