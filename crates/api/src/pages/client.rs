//! `/model_interface/clients/{id}`: one client's score, why it is so, what it would be with other values, what is known
//! of the client, and what was predicted before. Looking at the page is a lookup; asking what if is not, and is written
//! down nowhere.

use std::sync::Arc;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_core::customer::{Customer, check_client_id};
use bellwether_core::prediction::{LogRecord, Snapshot};
use bellwether_core::treatment::{Treatment, assign};
use bellwether_pages::answer::page_of;
use bellwether_pages::{Fields, Frame};
use bellwether_store::Role;
use bellwether_web::Problem;

use super::lookup::predict;
use super::shown::{amount, page_of as path_of, percent, time, treatment};
use super::what_if::{InputField, stored, typed_in};
use super::why::Why;
use super::{Desk, PageError};
use crate::explaining::Unexplained;
use crate::routes::predict::live;
use crate::scoring::Served;
use crate::state::State;

/// So many earlier predictions are shown.
const HISTORY: u32 = 20;

#[derive(Template)]
#[template(path = "client.html")]
struct ClientPage {
    frame: Frame,
    client_id: String,
    path: String,
    ltv: String,
    at_risk: Option<String>,
    answered_by: String,
    held_out: bool,
    cutoff: String,
    config_version: u64,
    /// The score that is shown, and what it was with what is stored, where that is another.
    score: Option<Score>,
    with_stored: Option<String>,
    changed: bool,
    /// Why there is no score or no explanation.
    hindrance: Option<String>,
    why: Option<Why>,
    fields: Vec<InputField>,
    history: Vec<Past>,
}

struct Score {
    percent: String,
    high_risk: bool,
}

/// An earlier prediction.
struct Past {
    at: String,
    score: String,
    high_risk: bool,
    answered_by: String,
    config_version: u64,
}

#[derive(Template)]
#[template(path = "client_not_found.html")]
struct NotFound {
    frame: Frame,
    client_id: String,
}

/// What is known of the client who is looked at.
struct Subject {
    live: Arc<Served>,
    client_id: String,
    customer: Customer,
    held_out: bool,
}

/// `GET /model_interface/clients/{id}`
pub(crate) async fn show(
    request: HttpRequest,
    id: Path<String>,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let signed = desk.entrance.enter(&request).await?;
    let frame = Frame::of(&signed, &request, "");
    let Some(subject) = subject(&state, id.into_inner()).await? else { return not_found(frame, &request) };
    let Subject { live, customer, .. } = &subject;
    let answer = predict(&state, live, customer.clone()).await?;
    let score = answer.as_ref().and_then(|answer| answer.prediction);
    let (why, hindrance) = explained(&state, &subject, customer.clone()).await;
    let fields = stored(live, customer);
    let high_risk = answer.and_then(|answer| answer.high_risk).is_some_and(|high| high == "yes");
    let shown = Shown { score, high_risk, with_stored: None, why, hindrance, fields };
    render(&state, frame, &subject, shown, HttpResponse::Ok()).await
}

/// `POST /model_interface/clients/{id}`: the same with other values.
pub(crate) async fn what_if(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, form) = desk.entrance.posted(&request, payload, Role::Viewer).await?;
    let frame = Frame::of(&signed, &request, "");
    let Some(subject) = subject(&state, id.into_inner()).await? else { return not_found(frame, &request) };
    let (shown, status) = asked(&state, &subject, &form).await?;
    render(&state, frame, &subject, shown, status).await
}

/// What the page shows of a question.
async fn asked(
    state: &State,
    subject: &Subject,
    form: &Fields,
) -> Result<(Shown, actix_web::HttpResponseBuilder), Problem> {
    let Subject { live, client_id, customer, .. } = subject;
    let mut fields = stored(live, customer);
    let with_stored = decided(live, customer, client_id)?;
    let today = state.clock.now().date_naive();
    let (customer, status) = match typed_in(&mut fields, form, live, client_id, today) {
        Ok(customer) => (customer, HttpResponse::Ok()),
        Err(why) => {
            let shown =
                Shown { score: None, high_risk: false, with_stored, why: None, hindrance: Some(why), fields };
            return Ok((shown, HttpResponse::UnprocessableEntity()));
        }
    };
    let score = decided(live, &customer, client_id)?;
    let (why, hindrance) = explained(state, subject, customer).await;
    // Unrounded, as a decision is.
    let high_risk = score.is_some_and(|score| score >= live.config.document.proba_cutoff);
    Ok((Shown { score, high_risk, with_stored, why, hindrance, fields }, status))
}

/// Whom an id names, if anybody is known by it.
async fn subject(state: &State, client_id: String) -> Result<Option<Subject>, Problem> {
    if check_client_id(&client_id).is_err() {
        return Ok(None);
    }
    let live = live(state)?;
    let Some(customer) = state.known_customer(&live, &client_id).await? else { return Ok(None) };
    let held_out = assign(&live.config.document, &client_id).treatment == Treatment::Holdout;
    Ok(Some(Subject { live, client_id, customer, held_out }))
}

fn not_found(frame: Frame, request: &HttpRequest) -> Result<HttpResponse, PageError> {
    let client_id = request.match_info().query("id").to_owned();
    Ok(page_of(HttpResponse::NotFound(), &NotFound { frame, client_id })?)
}

/// The score of these values, written down nowhere.
fn decided(live: &Snapshot, customer: &Customer, client_id: &str) -> Result<Option<f64>, Problem> {
    Ok(live.probability(customer, client_id)?)
}

/// Why these values score what they do, or why that cannot be told.
async fn explained(state: &State, subject: &Subject, customer: Customer) -> (Option<Why>, Option<String>) {
    if subject.held_out {
        return (None, None);
    }
    let explaining = state.explainer.explain(subject.live.snapshot(), customer, subject.client_id.clone());
    match explaining.await {
        Ok(explained) => (Some(Why::of(&explained.explanation)), None),
        Err(Unexplained::HeldOut) => (None, None),
        Err(Unexplained::Busy) => {
            let why = "Many reasons are being worked out at the moment. The score stands; reload the page in a \
                       moment to see why.";
            (None, Some(why.to_owned()))
        }
        Err(error) => {
            let problem = Problem::from(error);
            (None, Some(format!("The reasons cannot be told: {}.", problem.detail())))
        }
    }
}

/// What a page shows of a client beside what is stored.
struct Shown {
    score: Option<f64>,
    high_risk: bool,
    with_stored: Option<f64>,
    why: Option<Why>,
    hindrance: Option<String>,
    fields: Vec<InputField>,
}

async fn render(
    state: &State,
    frame: Frame,
    subject: &Subject,
    shown: Shown,
    answer: actix_web::HttpResponseBuilder,
) -> Result<HttpResponse, PageError> {
    let Subject { live, client_id, held_out, .. } = subject;
    let cutoff = live.config.document.proba_cutoff;
    let ltv = state.clients.ltv(client_id).await?;
    let history = state.log.of_client(client_id, HISTORY).await?;
    let Shown { score, high_risk, with_stored, why, hindrance, fields } = shown;
    let assigned = assign(&live.config.document, client_id);
    let page = ClientPage {
        frame,
        path: path_of(client_id).unwrap_or_default(),
        client_id: client_id.clone(),
        ltv: ltv.map_or_else(|| "not known".to_owned(), amount),
        at_risk: score.zip(ltv).map(|(score, ltv)| amount(score * ltv)),
        answered_by: treatment(assigned.treatment, Some(live.uid(assigned.arm))),
        held_out: *held_out,
        cutoff: percent(cutoff),
        config_version: live.config.version,
        score: score.map(|score| Score { percent: percent(score), high_risk }),
        with_stored: with_stored.map(percent),
        changed: fields.iter().any(InputField::changed),
        hindrance,
        why,
        fields,
        history: history.iter().map(|record| past(record, *held_out)).collect(),
    };
    Ok(page_of(answer, &page)?)
}

/// What was predicted once. Of who is held out now no earlier score is shown either: it would be acted on.
fn past(record: &LogRecord, held_out: bool) -> Past {
    let answer = &record.output;
    Past {
        at: time(record.logging_timestamp),
        score: answer.prediction.filter(|_| !held_out).map(percent).unwrap_or_default(),
        high_risk: !held_out && answer.high_risk.as_deref() == Some("yes"),
        answered_by: treatment(answer.treatment, answer.model.as_deref()),
        config_version: answer.config_version,
    }
}
