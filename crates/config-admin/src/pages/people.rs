//! `/people`: who may enter, and as what. For admins.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_store::Role;

use super::shown::{ago, time};
use super::{Frame, PageError, State, go, page_of};
use crate::ConsoleError;
use crate::access::{Fields, NewPerson, Signed, posted};

/// The roles, least first.
pub(super) const ROLES: [&str; 4] = ["viewer", "editor", "approver", "admin"];

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    people: Vec<PersonRow>,
    roles: [&'static str; 4],
    error: Option<String>,
    name: String,
    email: String,
}

struct PersonRow {
    name: String,
    role: Role,
    disabled: bool,
    own: bool,
    email: Option<String>,
    since: String,
    sessions: usize,
    tokens: Vec<TokenRow>,
}

/// A token that still works.
struct TokenRow {
    id: String,
    name: String,
    role: Role,
    expires: String,
    used: String,
}

/// `GET /people`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    signed.demand(Role::Admin)?;
    render(&request, &state, &signed, HttpResponse::Ok(), None, &Fields::default()).await
}

async fn render(
    request: &HttpRequest,
    state: &State,
    signed: &Signed,
    answer: HttpResponseBuilder,
    error: Option<String>,
    typed: &Fields,
) -> Result<HttpResponse, PageError> {
    let (mut people, now) = (Vec::new(), state.clock.now());
    for user in state.access.people().await? {
        let tokens = state.access.standing_tokens(&user.name).await?.into_iter().map(|token| TokenRow {
            id: token.id,
            name: token.name,
            role: token.role,
            expires: time(token.expires_at),
            used: token.used_at.map_or_else(|| "never".to_owned(), |used| ago(used, now)),
        });
        people.push(PersonRow {
            tokens: tokens.collect(),
            sessions: state.access.sessions_of(&user.name).await?.len(),
            own: user.name == signed.actor.name,
            name: user.name,
            role: user.role,
            disabled: user.disabled,
            email: user.email,
            since: time(user.created_at),
        });
    }
    let page = PeoplePage {
        frame: Frame::of(signed, request, "/people"),
        people,
        roles: ROLES,
        error,
        name: typed.first("name").to_owned(),
        email: typed.first("email").to_owned(),
    };
    page_of(answer, &page)
}

/// `POST /people`
pub(crate) async fn add(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Admin).await?;
    let new = NewPerson {
        name: fields.first("name").trim(),
        email: Some(fields.first("email")),
        role: role(&fields)?,
        password: fields.first("new_password"),
    };
    match state.access.add(&signed.actor, new).await {
        Ok(()) => Ok(go("/people?done=person-added")),
        Err(error @ (ConsoleError::Faults(_) | ConsoleError::State(_))) => {
            let answer = HttpResponse::UnprocessableEntity();
            render(&request, &state, &signed, answer, Some(error.to_string()), &fields).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /people/role`
pub(crate) async fn set_role(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Admin).await?;
    state.access.set_role(&signed.actor, fields.first("name"), role(&fields)?).await?;
    Ok(go("/people?done=person-changed"))
}

/// `POST /people/disabled`
pub(crate) async fn set_disabled(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Admin).await?;
    let disabled = fields.first("disabled") == "yes";
    state.access.set_disabled(&signed.actor, fields.first("name"), disabled).await?;
    Ok(go("/people?done=person-changed"))
}

/// `POST /people/sessions`
pub(crate) async fn end_sessions(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Admin).await?;
    state.access.end_sessions(&signed.actor, fields.first("name")).await?;
    Ok(go("/people?done=sessions-ended"))
}

/// `POST /people/tokens`
pub(crate) async fn revoke_token(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Admin).await?;
    state.access.revoke_token_of(&signed.actor, fields.first("name"), fields.first("id")).await?;
    Ok(go("/people?done=token-revoked"))
}

/// The role that was chosen.
pub(super) fn role(fields: &Fields) -> Result<Role, ConsoleError> {
    fields.first("role").parse().map_err(|why: String| ConsoleError::fault("role", why))
}
