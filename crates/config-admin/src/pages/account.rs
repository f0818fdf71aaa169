//! `/account`: one's own password, address, sessions and tokens.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_store::Role;

use super::people::{ROLES, role};
use super::shown::{ago, time};
use super::{Frame, PageError, State, go, page_of};
use crate::ConsoleError;
use crate::access::{Signed, posted};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    person: String,
    email: String,
    error: Option<String>,
    token: Option<String>,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
    roles: Vec<&'static str>,
}

struct SessionRow {
    id: String,
    address: String,
    agent: String,
    seen: String,
    this: bool,
}

struct TokenRow {
    id: String,
    name: String,
    role: Role,
    expires: String,
    used: String,
    revoked: bool,
}

/// What the page says beside what is always there.
#[derive(Default)]
struct Told {
    error: Option<String>,
    token: Option<String>,
}

/// `GET /account`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    render(&request, &state, &signed, HttpResponse::Ok(), Told::default()).await
}

async fn render(
    request: &HttpRequest,
    state: &State,
    signed: &Signed,
    answer: HttpResponseBuilder,
    told: Told,
) -> Result<HttpResponse, PageError> {
    let (access, actor, now) = (&state.access, &signed.actor, state.clock.now());
    let sessions = access.sessions_of(&actor.name).await?.into_iter().map(|session| SessionRow {
        this: session.id_hash == signed.session,
        id: session.id_hash,
        address: session.address,
        agent: session.agent,
        seen: ago(session.seen_at, now),
    });
    let tokens = access.tokens_of(&actor.name).await?.into_iter().map(|token| TokenRow {
        revoked: token.revoked_at.is_some() || now >= token.expires_at,
        id: token.id,
        name: token.name,
        role: token.role,
        expires: time(token.expires_at),
        used: token.used_at.map_or_else(|| "never".to_owned(), |used| ago(used, now)),
    });
    let page = AccountPage {
        frame: Frame::of(signed, request, ""),
        person: actor.name.clone(),
        email: access.person(&actor.name).await?.email.unwrap_or_default(),
        error: told.error,
        token: told.token,
        sessions: sessions.collect(),
        tokens: tokens.collect(),
        roles: ROLES.into_iter().take(actor.role as usize + 1).collect(),
    };
    page_of(answer, &page)
}

/// The page once more, saying what was wrong.
async fn refused(
    request: &HttpRequest,
    state: &State,
    signed: &Signed,
    error: ConsoleError,
) -> Result<HttpResponse, PageError> {
    if !matches!(error, ConsoleError::Faults(_)) {
        return Err(error.into());
    }
    let told = Told { error: Some(error.to_string()), token: None };
    render(request, state, signed, HttpResponse::UnprocessableEntity(), told).await
}

/// `POST /account/email`
pub(crate) async fn set_email(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Viewer).await?;
    match state.access.change_email(&signed.actor, fields.first("email")).await {
        Ok(()) => Ok(go("/account?done=email")),
        Err(error) => refused(&request, &state, &signed, error).await,
    }
}

/// `POST /account/password`
pub(crate) async fn set_password(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Viewer).await?;
    let (current, new) = (fields.first("password"), fields.first("new_password"));
    let end_tokens = fields.first("end_tokens") == "yes";
    match state.access.change_password(&signed.actor, &signed.session, current, new, end_tokens).await {
        Ok(()) => Ok(go("/account?done=password")),
        Err(error) => refused(&request, &state, &signed, error).await,
    }
}

/// `POST /account/sessions/end`
pub(crate) async fn end_session(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Viewer).await?;
    let ended = state.access.end_own_session(&signed.actor, fields.first("session")).await?;
    Ok(go(if ended { "/account?done=session-ended" } else { "/account?done=unchanged" }))
}

/// `POST /account/tokens`: the token is shown on the answer itself, since it is kept nowhere.
pub(crate) async fn make_token(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Viewer).await?;
    let days = fields.first("days").trim().parse().unwrap_or(0);
    match state.access.make_token(&signed.actor, fields.first("name"), role(&fields)?, days).await {
        Ok(token) => {
            let told = Told { token: Some(token), error: None };
            render(&request, &state, &signed, HttpResponse::Ok(), told).await
        }
        Err(error) => refused(&request, &state, &signed, error).await,
    }
}

/// `POST /account/tokens/revoke`
pub(crate) async fn revoke_token(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Viewer).await?;
    state.access.revoke_token(&signed.actor, fields.first("id")).await?;
    Ok(go("/account?done=token-revoked"))
}
