//! One version of an environment: what it is, what it changed, how it was tried; and the way back to it.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_core::change::differences;
use bellwether_settings::Environment;
use bellwether_store::Role;
use bellwether_web::Problem;

use super::history::title;
use super::report::ReportView;
use super::shown::{Badge, DifferenceRow, Fact, difference_rows, facts, percent, provenance_badge, time};
use super::{Frame, PageError, State, go, page_of};
use crate::ConsoleError;
use crate::access::{Signed, posted};

#[derive(Template)]
#[template(path = "version.html")]
struct VersionPage {
    frame: Frame,
    version: u64,
    title: &'static str,
    live: bool,
    badge: Option<Badge>,
    faults: Vec<String>,
    about: Vec<Fact>,
    proposal: Option<u64>,
    differences: Vec<DifferenceRow>,
    facts: Vec<Fact>,
    json: String,
    report: Option<ReportView>,
    may_revert: bool,
    /// What to begin the reason with.
    reason: String,
    asked: Option<Asked>,
}

/// What has to be confirmed before it is brought back.
struct Asked {
    moved: String,
    salt_changed: bool,
    shrunk: String,
    /// What was live when it was asked: a confirmation counts against that version only.
    live: u64,
}

/// `GET /history/{environment}/{version}`
pub(crate) async fn show(
    request: HttpRequest,
    state: Data<State>,
    path: Path<(String, u64)>,
) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let (name, number) = path.into_inner();
    let environment = match name.as_str() {
        "stage" => Environment::Stage,
        "prod" => Environment::Prod,
        _ => return Err(Problem::not_found("There is no such environment.").into()),
    };
    let frame = Frame::of(&signed, &request, "/history");
    let about = About { environment, number, reason: format!("Back to version {number}"), asked: None };
    render(HttpResponse::Ok(), &state, &signed, frame, about).await
}

/// Which version is shown, and what stands in the form that brings it back.
struct About {
    environment: Environment,
    number: u64,
    reason: String,
    asked: Option<Asked>,
}

async fn render(
    answer: HttpResponseBuilder,
    state: &State,
    signed: &Signed,
    frame: Frame,
    about: About,
) -> Result<HttpResponse, PageError> {
    let About { environment, number, reason, asked } = about;
    let (version, report) = state.console.version(environment, number).await?;
    let newest = state.console.history(environment, None, 1).await?.pop();
    let live = newest.is_some_and(|newest| newest.version == number);
    let parent = match version.parent {
        Some(parent) => state.console.version(environment, parent).await.ok(),
        None => None,
    };
    let parent = parent.and_then(|(parent, _)| parent.document.ok());
    let changes = match (&parent, &version.document) {
        (Some(before), Ok(after)) => differences(before, after),
        _ => Vec::new(),
    };
    let (json, faults) = match &version.document {
        Ok(document) => (serde_json::to_string_pretty(document).unwrap_or_default(), Vec::new()),
        Err(unreadable) => (unreadable.text.clone(), unreadable.reasons.clone()),
    };
    let document = version.document.as_ref().ok();
    let cutoff = document.map_or(0.0, |document| document.proba_cutoff);
    let fact = |name, value: String| Fact { name, value };
    let mut about = vec![
        fact("Reason", version.reason.clone()),
        fact("Author", version.author.clone()),
        fact("Made", time(version.created_at)),
        fact("SHA-256", version.sha256.clone()),
    ];
    let provenance = version.provenance.as_ref();
    if let Some(editors) =
        provenance.map(|provenance| provenance.edited_by.join(", ")).filter(|by| !by.is_empty())
    {
        about.push(fact("Edited", format!("by {editors}")));
    }
    if let Some(by) = provenance.and_then(|provenance| provenance.approved_by.as_ref()) {
        about.push(fact("Approved", format!("by {by}")));
    }
    if let Some(why) = provenance.and_then(|provenance| provenance.emergency.as_ref()) {
        about.push(fact("Past staging", why.clone()));
    }
    if let Some(restores) = provenance.and_then(|provenance| provenance.restores) {
        about.push(fact("Brings back", format!("version {restores}")));
    }
    let shown = VersionPage {
        frame,
        version: number,
        title: title(environment),
        live,
        badge: provenance_badge(provenance),
        faults,
        about,
        proposal: provenance.and_then(|provenance| provenance.proposal),
        differences: difference_rows(&changes),
        facts: document.map(facts).unwrap_or_default(),
        json,
        report: report.as_ref().map(|report| ReportView::new(report, cutoff)),
        may_revert: environment == Environment::Prod
            && !live
            && document.is_some()
            && signed.actor.role >= Role::Approver,
        reason,
        asked,
    };
    page_of(answer, &shown)
}

/// `POST /history/prod/{version}/revert`
pub(crate) async fn revert(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
    version: Path<u64>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Approver).await?;
    let reason = fields.first("reason").trim().to_owned();
    let live = state.console.history(Environment::Prod, None, 1).await?.pop();
    let live = live.map_or(0, |live| live.version);
    let confirmed = fields.first("confirmed").parse() == Ok(live);
    let moves = match state.console.revert(&signed.actor, *version, reason.clone(), confirmed).await {
        Ok(proposal) => return Ok(go(format!("/proposals/{}?done=revert", proposal.id))),
        Err(ConsoleError::Reassigns(moves)) => moves,
        Err(other) => return Err(other.into()),
    };
    let asked = Some(Asked {
        moved: percent(moves.moved),
        salt_changed: moves.salt_changed,
        shrunk: moves.shrunk.join(", "),
        live,
    });
    let frame = Frame::of(&signed, &request, "/history");
    let about = About { environment: Environment::Prod, number: *version, reason, asked };
    render(HttpResponse::Conflict(), &state, &signed, frame, about).await
}
