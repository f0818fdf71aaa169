//! Logging in and out. A form that was sent with a session that had ended comes back after the login, as it was.

use actix_web::cookie::Cookie;
use actix_web::http::header::USER_AGENT;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_web::Problem;
use subtle::ConstantTimeEq as _;

use super::{Frame, PageError, State, go, page, page_of};
use crate::access::{
    Fields, Kept, LoginRefused, Newcomer, address, clear_session, form, login_cookie, login_secret,
    session_cookie,
};

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
pub(super) fn needed(next: &str) -> HttpResponse {
    let query = Fields::default().with("next", next).encode();
    go(if next == "/" { "/login".to_owned() } else { format!("/login?{query}") })
}

/// The login page for a form that came from somebody who is no longer logged in: it keeps what was typed.
pub(super) fn ended(kept: &Kept, cookie: &Cookie<'static>, form: &str) -> HttpResponse {
    let page = LoginPage {
        frame: Frame::bare(),
        form: form.to_owned(),
        next: "/".to_owned(),
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
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let query = Fields::parse(request.query_string().as_bytes());
    if state.access.signed(&request).await?.is_some() {
        return Ok(go(local(query.first("next"))));
    }
    let frame = Frame::bare().telling(query.first("done"));
    let (cookie, form) = login_cookie(&request);
    let next = local(query.first("next")).to_owned();
    let mut answer = page(&LoginPage { frame, form, next, name: String::new(), error: None, kept: None })?;
    answer.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
    Ok(answer)
}

/// `POST /login`
pub(crate) async fn log_in(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let fields = form(&request, payload, &state).await?;
    let known = login_secret(&request);
    let ours = known.is_some_and(|known| known.as_bytes().ct_eq(fields.first("form").as_bytes()).into());
    if !ours {
        return again(&request, &fields, None, HttpResponse::Ok());
    }
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let newcomer = Newcomer {
        name: fields.first("name"),
        password: fields.first("password"),
        address: address(&request),
        agent,
    };
    match state.access.log_in(newcomer).await {
        Ok(secret) => {
            state.access.end(&request).await?;
            let mut answer = match kept(&fields) {
                Some(kept) => resume(&state, &secret, &request, kept).await?,
                None => go(local(fields.first("next"))),
            };
            let cookie = session_cookie(&request, secret);
            answer.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
            Ok(answer)
        }
        Err(LoginRefused::Store(error)) => Err(error.into()),
        Err(LoginRefused::Check) => Err(Problem::internal(&LoginRefused::Check).into()),
        Err(refused @ LoginRefused::Wrong) => {
            again(&request, &fields, Some(refused.to_string()), HttpResponse::Unauthorized())
        }
        Err(refused @ LoginRefused::Wait { seconds }) => {
            let mut answer = HttpResponse::TooManyRequests();
            answer.insert_header(("retry-after", seconds.to_string()));
            again(&request, &fields, Some(refused.to_string()), answer)
        }
    }
}

/// The login page once more, with what was typed but the password.
fn again(
    request: &HttpRequest,
    fields: &Fields,
    error: Option<String>,
    answer: actix_web::HttpResponseBuilder,
) -> Result<HttpResponse, PageError> {
    let (cookie, form) = login_cookie(request);
    let kept = kept(fields).map(|kept| KeptFields { path: kept.path, fields: kept.fields.encode() });
    let page = LoginPage {
        frame: Frame::bare(),
        form,
        next: local(fields.first("next")).to_owned(),
        name: fields.first("name").to_owned(),
        error,
        kept,
    };
    let mut answer = page_of(answer, &page)?;
    answer.add_cookie(&cookie).map_err(|error| Problem::internal(&error))?;
    Ok(answer)
}

/// Shows a form that was kept over the login: the form page itself where it was one, else what would be sent.
async fn resume(
    state: &State,
    secret: &str,
    request: &HttpRequest,
    kept: Kept,
) -> Result<HttpResponse, PageError> {
    let Some(signed) = state.access.signed_by(secret).await? else { return Ok(go("/login")) };
    let frame = Frame::of(&signed, request, "").telling("back");
    if super::propose::takes(&kept.path) {
        return super::propose::resumed(state, &signed, frame, &kept).await;
    }
    let shown = kept.fields.pairs().iter().filter(|(name, _)| name != "revision").cloned().collect();
    page(&Resumed { frame, path: kept.path, fields: kept.fields.pairs().to_vec(), shown })
}

fn kept(fields: &Fields) -> Option<Kept> {
    let path = local(fields.first("kept_path"));
    (path != "/")
        .then(|| Kept { path: path.to_owned(), fields: Fields::parse(fields.first("kept").as_bytes()) })
}

/// `POST /logout`
pub(crate) async fn log_out(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    if state.access.signed(&request).await?.is_none() {
        return Ok(go("/login"));
    }
    crate::access::posted(&request, payload, &state, bellwether_store::Role::Viewer).await?;
    state.access.end(&request).await?;
    let mut answer = go("/login?done=logged-out");
    answer.add_cookie(&clear_session(&request)).map_err(|error| Problem::internal(&error))?;
    Ok(answer)
}

/// A path of ours, or the first page: nobody is led elsewhere after a login.
fn local(path: &str) -> &str {
    let plain = path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/login")
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    if plain { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        assert_eq!(local("/history?environment=stage"), "/history?environment=stage");
        for elsewhere in
            ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nSet-Cookie: x", "/login"]
        {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
