//! `/model_interface`: ids in, a table out. A table that is sorted or saved is the one that was shown: it comes back
//! from the page, so that nobody is predicted anew for it.

use std::cmp::Ordering;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use bellwether_pages::answer::page_of;
use bellwether_pages::{Fields, Frame, Refused};
use bellwether_store::Role;
use bellwether_web::Problem;
use bellwether_web::body::BodyLimit;
use futures_util::stream;

use super::ids::{self, MOST, UnusableIds};
use super::lookup::{Row, Status, look_up};
use super::shown::{amount, page_of as client_page, percent, treatment};
use super::{Desk, HOME, PageError, csv};
use crate::state::State;

/// A thousand ids of 128 characters fit, however they are encoded, and so does a table of them.
const LIMIT: BodyLimit = BodyLimit { bytes: 4 * 1024 * 1024, timeout: Duration::from_secs(30) };

#[derive(Template)]
#[template(path = "model_interface.html")]
struct TablePage {
    frame: Frame,
    most: usize,
    /// In characters, as a script counts them; what is longer is refused without being sent.
    longest: usize,
    too_large: String,
    typed: String,
    error: Option<String>,
    examples: Vec<String>,
    empty_store: bool,
    result: Option<Shown>,
}

/// A table as it is shown.
struct Shown {
    summary: String,
    /// The table itself, to come back with.
    table: String,
    columns: Vec<Column>,
    rows: Vec<ShownRow>,
}

/// A column's heading: a button that sorts by it.
struct Column {
    text: &'static str,
    number: bool,
    /// `ascending`, `descending` or nothing.
    sorted: &'static str,
    /// What the button asks for.
    next: String,
}

struct ShownRow {
    client_id: String,
    page: Option<String>,
    status: Status,
    why: Option<String>,
    prediction: String,
    high_risk: Option<bool>,
    ltv: String,
    at_risk: String,
    treatment: String,
    /// What each column sorts by, for the script.
    keys: [String; 5],
}

/// What a table can be sorted by, as its columns name it.
const COLUMNS: [(&str, &str, bool); 5] = [
    ("client", "Client", false),
    ("prediction", "Likely to leave", true),
    ("ltv", "Lifetime value", true),
    ("at_risk", "Value at risk", true),
    ("treatment", "Answered by", false),
];

/// `GET /model_interface`
pub(crate) async fn show(
    request: HttpRequest,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let signed = desk.entrance.enter(&request).await?;
    let frame = Frame::of(&signed, &request, HOME);
    render(&state, HttpResponse::Ok(), frame, Told::default()).await
}

/// `POST /model_interface`: the ids of a text.
pub(crate) async fn look(
    request: HttpRequest,
    payload: Payload,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    match desk.entrance.posted_within(LIMIT, &request, payload, Role::Viewer).await {
        Ok((signed, fields)) => {
            let frame = Frame::of(&signed, &request, HOME);
            let typed = fields.first("ids").to_owned();
            let ids = ids::pasted(&typed);
            answer(&state, frame, typed, ids).await
        }
        Err(refused) => too_large(&request, &desk, &state, refused, "That text").await,
    }
}

/// `POST /model_interface/upload`: the ids of a file.
pub(crate) async fn upload(
    request: HttpRequest,
    payload: Payload,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    desk.entrance.from_us(&request)?;
    // A file cannot be kept over a login: it is chosen again.
    let signed = desk.entrance.signed(&request).await?;
    let signed = signed.ok_or_else(|| Refused::LoginNeeded { next: HOME.to_owned() })?;
    let body = match bellwether_pages::read(&request, payload, LIMIT, &["multipart/form-data"]).await {
        Ok(body) => body,
        Err(problem) => return too_large(&request, &desk, &state, problem.into(), "That file").await,
    };
    let form = UploadForm::read(&request, body).await?;
    signed.made(&form.csrf)?;
    let ids = ids::of_file(&form.file);
    let typed = ids.as_ref().map(|ids| ids.join("\n")).unwrap_or_default();
    answer(&state, Frame::of(&signed, &request, HOME), typed, ids).await
}

/// `POST /model_interface/table`: the same table, sorted.
pub(crate) async fn sort(
    request: HttpRequest,
    payload: Payload,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = desk.entrance.posted_within(LIMIT, &request, payload, Role::Viewer).await?;
    let mut rows = returned(&fields)?;
    let (column, descending) = order(fields.first("sort"));
    arrange(&mut rows, column, descending);
    let result = Some(shown(&rows, Some((column, descending)))?);
    let told = Told { result, typed: ids_of(&rows), ..Told::default() };
    render(&state, HttpResponse::Ok(), Frame::of(&signed, &request, HOME), told).await
}

/// `POST /model_interface/table.csv`: the same table as a file.
pub(crate) async fn save(
    request: HttpRequest,
    payload: Payload,
    desk: Data<Desk>,
) -> Result<HttpResponse, PageError> {
    let (_, fields) = desk.entrance.posted_within(LIMIT, &request, payload, Role::Viewer).await?;
    let head = ["client_id", "status", "prediction", "high_risk", "ltv", "at_risk", "treatment", "model"];
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let rows = returned(&fields)?.into_iter().map(|row| {
        let high_risk = row.high_risk.map_or("", |high| if high { "yes" } else { "no" });
        [
            csv::harmless(&row.client_id),
            row.status.as_str().to_owned(),
            number(row.prediction),
            high_risk.to_owned(),
            number(row.ltv),
            number(row.at_risk()),
            row.treatment.map_or("", |treatment| treatment.as_str()).to_owned(),
            csv::harmless(row.model.as_deref().unwrap_or_default()),
        ]
    });
    Ok(csv::file("predictions.csv", head, rows)?)
}

/// The form with what was typed before the session ended. Nobody is looked up yet.
pub(super) async fn resumed(state: &State, frame: Frame, fields: &Fields) -> Result<HttpResponse, PageError> {
    let told = Told { typed: fields.first("ids").to_owned(), ..Told::default() };
    render(state, HttpResponse::Ok(), frame, told).await
}

/// What the page says beside what is always there.
#[derive(Default)]
struct Told {
    typed: String,
    error: Option<String>,
    result: Option<Shown>,
}

async fn answer(
    state: &State,
    frame: Frame,
    typed: String,
    ids: Result<Vec<String>, UnusableIds>,
) -> Result<HttpResponse, PageError> {
    let (status, told) = match ids {
        Ok(ids) => {
            let rows = look_up(state, ids).await?;
            (StatusCode::OK, Told { typed, error: None, result: Some(shown(&rows, None)?) })
        }
        Err(why) => {
            let error = Some(why.to_string());
            (StatusCode::UNPROCESSABLE_ENTITY, Told { typed, error, result: None })
        }
    };
    render(state, HttpResponse::build(status), frame, told).await
}

/// The form once more, kindly, where more was sent than is taken; else why it was refused.
async fn too_large(
    request: &HttpRequest,
    desk: &Desk,
    state: &State,
    refused: Refused,
    what: &str,
) -> Result<HttpResponse, PageError> {
    if refused.status() != StatusCode::PAYLOAD_TOO_LARGE {
        return Err(refused.into());
    }
    let signed = desk.entrance.signed(request).await?;
    let signed = signed.ok_or_else(|| Refused::LoginNeeded { next: HOME.to_owned() })?;
    let error = refusal(what);
    let frame = Frame::of(&signed, request, HOME);
    let told = Told { error: Some(error), ..Told::default() };
    render(state, HttpResponse::PayloadTooLarge(), frame, told).await
}

/// What somebody reads who sent too much.
fn refusal(what: &str) -> String {
    format!(
        "{what} is too large: up to {MOST} client ids are looked up at once, and they fit into {} megabytes. \
         Nothing was looked up. Split it into smaller lists.",
        LIMIT.bytes / 1024 / 1024
    )
}

async fn render(
    state: &State,
    status: HttpResponseBuilder,
    frame: Frame,
    told: Told,
) -> Result<HttpResponse, PageError> {
    let examples = state.clients.sample_ids(3).await?;
    let Told { typed, error, result } = told;
    let empty_store = examples.is_empty();
    let page = TablePage {
        frame,
        most: MOST,
        longest: LIMIT.bytes / 4,
        too_large: refusal("That text"),
        typed,
        error,
        examples,
        empty_store,
        result,
    };
    Ok(page_of(status, &page)?)
}

/// The table that a page sent back.
fn returned(fields: &Fields) -> Result<Vec<Row>, Problem> {
    match serde_json::from_str::<Vec<Row>>(fields.first("table")) {
        Ok(rows) if rows.len() <= MOST => Ok(rows),
        _ => Err(Problem::field("table", "expected a table of this page: look the clients up again")),
    }
}

fn ids_of(rows: &[Row]) -> String {
    rows.iter().map(|row| row.client_id.as_str()).collect::<Vec<_>>().join("\n")
}

/// What `COLUMN-asc` or `COLUMN-desc` asks for; by client where it asks for nothing known.
fn order(asked: &str) -> (&'static str, bool) {
    let (name, direction) = asked.rsplit_once('-').unwrap_or((asked, "asc"));
    let column = COLUMNS.iter().map(|(column, ..)| *column).find(|column| *column == name);
    (column.unwrap_or("client"), direction == "desc")
}

/// Those without a value come last, in either direction.
fn arrange(rows: &mut [Row], column: &str, descending: bool) {
    let numbers = |pick: fn(&Row) -> Option<f64>| {
        move |one: &Row, other: &Row| match (pick(one), pick(other)) {
            (Some(one), Some(other)) if descending => other.total_cmp(&one),
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    };
    let turned = |order: Ordering| if descending { order.reverse() } else { order };
    match column {
        "prediction" => rows.sort_by(numbers(|row| row.prediction)),
        "ltv" => rows.sort_by(numbers(|row| row.ltv)),
        "at_risk" => rows.sort_by(numbers(Row::at_risk)),
        "treatment" => rows.sort_by(|one, other| turned(answered_by(one).cmp(&answered_by(other)))),
        _ => rows.sort_by(|one, other| turned(one.client_id.cmp(&other.client_id))),
    }
}

fn answered_by(row: &Row) -> String {
    row.treatment.map(|given| treatment(given, row.model.as_deref())).unwrap_or_default()
}

fn shown(rows: &[Row], sorted: Option<(&str, bool)>) -> Result<Shown, Problem> {
    let columns = COLUMNS.iter().map(|&(name, text, number)| {
        let now = sorted.filter(|(column, _)| *column == name).map(|(_, descending)| descending);
        // Numbers are asked for from the top first.
        let next = match now {
            Some(descending) => !descending,
            None => number,
        };
        Column {
            text,
            number,
            sorted: now.map_or("", |descending| if descending { "descending" } else { "ascending" }),
            next: format!("{name}-{}", if next { "desc" } else { "asc" }),
        }
    });
    let table = serde_json::to_string(rows).map_err(|error| Problem::internal(&error))?;
    Ok(Shown {
        summary: summary(rows),
        table,
        columns: columns.collect(),
        rows: rows.iter().map(one).collect(),
    })
}

fn one(row: &Row) -> ShownRow {
    let known = [Status::Scored, Status::HeldOut].contains(&row.status);
    let key = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let by = answered_by(row);
    ShownRow {
        page: client_page(&row.client_id).filter(|_| known),
        client_id: row.client_id.clone(),
        status: row.status,
        why: row.why.clone(),
        prediction: row.prediction.map(percent).unwrap_or_default(),
        high_risk: row.high_risk,
        ltv: row.ltv.map(amount).unwrap_or_default(),
        at_risk: row.at_risk().map(amount).unwrap_or_default(),
        keys: [row.client_id.clone(), key(row.prediction), key(row.ltv), key(row.at_risk()), by.clone()],
        treatment: by,
    }
}

/// The table in a sentence.
fn summary(rows: &[Row]) -> String {
    let of = |status: Status| rows.iter().filter(|row| row.status == status).count();
    let high = rows.iter().filter(|row| row.high_risk == Some(true)).count();
    let mut parts = vec![format!("{high} of high risk")];
    for (status, words) in [
        (Status::HeldOut, "held out"),
        (Status::ClientIdNotFound, "not found"),
        (Status::CannotBeScored, "without a score"),
    ] {
        if of(status) > 0 {
            parts.push(format!("{} {words}", of(status)));
        }
    }
    let clients = if rows.len() == 1 { "1 client".to_owned() } else { format!("{} clients", rows.len()) };
    format!("{clients}: {}", parts.join(", "))
}

/// What a form with a file brings.
struct UploadForm {
    csrf: String,
    file: Bytes,
}

impl UploadForm {
    async fn read(request: &HttpRequest, body: Bytes) -> Result<Self, Problem> {
        let broken = |_| Problem::bad_request("the file did not arrive whole; choose it again");
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let boundary = multer::parse_boundary(media_type.unwrap_or_default()).map_err(broken)?;
        let body = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        let mut parts = multer::Multipart::new(body, boundary);
        let (mut csrf, mut file) = (String::new(), Bytes::new());
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            match part.name() {
                Some("csrf") => csrf = part.text().await.map_err(broken)?,
                Some("file") => file = part.bytes().await.map_err(broken)?,
                _ => {}
            }
        }
        Ok(Self { csrf, file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(client_id: &str, prediction: Option<f64>) -> Row {
        let status = if prediction.is_some() { Status::Scored } else { Status::ClientIdNotFound };
        Row {
            client_id: client_id.to_owned(),
            status,
            prediction,
            high_risk: prediction.map(|prediction| prediction >= 0.5),
            ltv: prediction.map(|_| 10.0),
            treatment: None,
            model: None,
            why: None,
        }
    }

    fn sorted(asked: &str) -> Vec<String> {
        let mut rows = vec![row("b", Some(0.9)), row("c", None), row("a", Some(0.1))];
        let (column, descending) = order(asked);
        arrange(&mut rows, column, descending);
        rows.into_iter().map(|row| row.client_id).collect()
    }

    #[test]
    fn a_table_is_sorted_either_way_and_those_without_a_score_come_last() {
        assert_eq!(sorted("prediction-desc"), ["b", "a", "c"]);
        assert_eq!(sorted("prediction-asc"), ["a", "b", "c"]);
        assert_eq!(sorted("client-desc"), ["c", "b", "a"]);
        assert_eq!(sorted("drop table"), ["a", "b", "c"]);
    }

    #[test]
    fn a_table_is_told_in_a_sentence() {
        assert_eq!(summary(&[row("a", Some(0.9)), row("b", None)]), "2 clients: 1 of high risk, 1 not found");
    }
}
