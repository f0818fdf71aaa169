//! `/model_interface/flagged`: who is at high risk now, the largest lifetime value at risk first.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_pages::Frame;
use bellwether_pages::answer::page;
use bellwether_store::{FlaggedCursor, Standing};
use bellwether_web::Problem;

use super::shown::{amount, page_of as client_page, percent, time, treatment};
use super::{Desk, PageError, csv};
use crate::routes::predict::live;
use crate::state::State;

/// Where the list is.
pub(crate) const PATH: &str = "/model_interface/flagged";

/// So many are shown; the file has more.
const SHOWN: usize = 200;
/// The file's rows, and how many are read at once.
const MOST: usize = 100_000;
const AT_ONCE: usize = 1_000;

#[derive(Template)]
#[template(path = "flagged.html")]
struct FlaggedPage {
    frame: Frame,
    days: i64,
    total: String,
    more: bool,
    rows: Vec<FlaggedRow>,
}

struct FlaggedRow {
    client_id: String,
    page: Option<String>,
    prediction: String,
    ltv: String,
    at_risk: String,
    at: String,
    answered_by: String,
}

/// `GET /model_interface/flagged`
pub(crate) async fn show(
    request: HttpRequest,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let signed = desk.entrance.enter(&request).await?;
    let (clients, more) = read(&state, SHOWN).await?;
    let total: f64 = clients.iter().map(|standing| standing.at_risk().max(0.0)).sum();
    let shown = FlaggedPage {
        frame: Frame::of(&signed, &request, PATH),
        days: state.flagged.max_age.num_days(),
        total: amount(total),
        more,
        rows: clients.iter().map(row).collect(),
    };
    Ok(page(&shown)?)
}

/// `GET /model_interface/flagged.csv`
pub(crate) async fn save(
    request: HttpRequest,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    desk.entrance.enter(&request).await?;
    let (clients, _) = read(&state, MOST).await?;
    let head =
        ["client_id", "prediction", "ltv", "at_risk", "treatment", "model", "predicted_at", "config_version"];
    let rows = clients.iter().map(|standing| {
        [
            csv::harmless(&standing.client_id),
            standing.prediction.map(|prediction| prediction.to_string()).unwrap_or_default(),
            standing.ltv.to_string(),
            standing.at_risk().to_string(),
            standing.treatment.as_str().to_owned(),
            csv::harmless(standing.model.as_deref().unwrap_or_default()),
            standing.at.to_rfc3339(),
            standing.config_version.to_string(),
        ]
    });
    Ok(csv::file("flagged.csv", head, rows)?)
}

/// Up to `most` clients, and whether others follow.
async fn read(state: &State, most: usize) -> Result<(Vec<Standing>, bool), Problem> {
    let live = live(state)?;
    let now = state.clock.now();
    let mut clients: Vec<Standing> = Vec::new();
    let mut after: Option<FlaggedCursor> = None;
    loop {
        let left = most - clients.len();
        let mut page = state.flagged.page(&live, now, after, left.min(AT_ONCE)).await?;
        clients.append(&mut page.clients);
        match page.next {
            Some(next) if clients.len() < most => after = Some(next),
            next => return Ok((clients, next.is_some())),
        }
    }
}

fn row(standing: &Standing) -> FlaggedRow {
    FlaggedRow {
        client_id: standing.client_id.clone(),
        page: client_page(&standing.client_id),
        prediction: standing.prediction.map(percent).unwrap_or_default(),
        ltv: amount(standing.ltv),
        at_risk: amount(standing.at_risk()),
        at: time(standing.at),
        answered_by: treatment(standing.treatment, standing.model.as_deref()),
    }
}
