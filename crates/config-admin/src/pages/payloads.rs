//! `/payloads`: named inputs that every trial sends.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_store::Role;
use bellwether_store::console::GoldenPayload;
use serde_json::{Map, Value};

use super::shown::time;
use super::{Frame, PageError, State, go, page_of};
use crate::ConsoleError;
use crate::access::{Fields, Signed, posted};

#[derive(Template)]
#[template(path = "payloads.html")]
struct PayloadsPage {
    frame: Frame,
    may_edit: bool,
    payloads: Vec<PayloadRow>,
    error: Option<String>,
    editing: bool,
    name: String,
    json: String,
    expected: String,
    choices: [(&'static str, &'static str); 3],
}

struct PayloadRow {
    name: String,
    /// The name as it stands in an address.
    key: String,
    author: String,
    at: String,
    expected: String,
    json: String,
}

/// `GET /payloads`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let payloads = state.console.payloads().await?;
    let edited = payloads.iter().find(|payload| payload.name == query.first("edit"));
    let typed = edited.map(as_typed).unwrap_or_default();
    render(&request, &signed, HttpResponse::Ok(), &payloads, None, &typed)
}

/// `POST /payloads`
pub(crate) async fn save(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Editor).await?;
    let outcome = match typed(&fields, &signed, &state) {
        Ok(payload) => state.console.save_payload(&signed.actor, payload).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => Ok(go("/payloads?done=payload")),
        Err(error @ ConsoleError::Faults(_)) => {
            let payloads = state.console.payloads().await?;
            let (answer, error) = (HttpResponse::UnprocessableEntity(), Some(error.to_string()));
            render(&request, &signed, answer, &payloads, error, &fields)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /payloads/delete`
pub(crate) async fn delete(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Editor).await?;
    state.console.delete_payload(&signed.actor, fields.first("name")).await?;
    Ok(go("/payloads?done=payload-deleted"))
}

fn typed(fields: &Fields, signed: &Signed, state: &State) -> Result<GoldenPayload, ConsoleError> {
    let payload: Map<String, Value> = serde_json::from_str(fields.first("payload"))
        .map_err(|error| ConsoleError::fault("payload", format!("expected a JSON object: {error}")))?;
    Ok(GoldenPayload {
        name: fields.first("name").trim().to_owned(),
        payload,
        expected_high_risk: match fields.first("expected") {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        author: signed.actor.name.clone(),
        updated_at: state.clock.now(),
    })
}

fn as_typed(payload: &GoldenPayload) -> Fields {
    let expected = match payload.expected_high_risk {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    let json = serde_json::to_string_pretty(&payload.payload).unwrap_or_default();
    Fields::default().with("name", &payload.name).with("payload", &json).with("expected", expected)
}

fn render(
    request: &HttpRequest,
    signed: &Signed,
    answer: HttpResponseBuilder,
    payloads: &[GoldenPayload],
    error: Option<String>,
    typed: &Fields,
) -> Result<HttpResponse, PageError> {
    let row = |payload: &GoldenPayload| PayloadRow {
        name: payload.name.clone(),
        key: Fields::default().with("edit", &payload.name).encode().trim_start_matches("edit=").to_owned(),
        author: payload.author.clone(),
        at: time(payload.updated_at),
        expected: match payload.expected_high_risk {
            Some(true) => "It has to be of high risk.".to_owned(),
            Some(false) => "It must not be of high risk.".to_owned(),
            None => String::new(),
        },
        json: serde_json::to_string_pretty(&payload.payload).unwrap_or_default(),
    };
    let page = PayloadsPage {
        frame: Frame::of(signed, request, "/payloads"),
        may_edit: signed.actor.role >= Role::Editor,
        payloads: payloads.iter().map(row).collect(),
        error,
        editing: payloads.iter().any(|payload| payload.name == typed.first("name")),
        name: typed.first("name").to_owned(),
        json: if typed.has("payload") { typed.first("payload").to_owned() } else { "{\n}".to_owned() },
        expected: typed.first("expected").to_owned(),
        choices: [("", "either"), ("yes", "yes"), ("no", "no")],
    };
    page_of(answer, &page)
}
