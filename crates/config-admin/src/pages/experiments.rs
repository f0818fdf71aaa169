//! `/experiments`: every experiment of an environment.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_experiments::ExperimentOutline;

use super::history::{environment, title};
use super::shown::time;
use super::{Frame, PageError, State, page};
use crate::access::Fields;

#[derive(Template)]
#[template(path = "experiments.html")]
struct ExperimentsPage {
    frame: Frame,
    name: &'static str,
    title: &'static str,
    other: &'static str,
    other_title: &'static str,
    rows: Vec<ExperimentRow>,
}

struct ExperimentRow {
    salt: String,
    /// The salt as it stands in an address.
    path: String,
    versions: String,
    from: String,
    to: Option<String>,
}

/// `GET /experiments?environment=…`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let environment = environment(query.first("environment"));
    let outlines = state.console.experiments(environment).await?;
    let (other, other_title) =
        if environment.as_str() == "stage" { ("prod", "Production's") } else { ("stage", "Staging's") };
    page(&ExperimentsPage {
        frame: Frame::of(&signed, &request, "/experiments"),
        name: environment.as_str(),
        title: title(environment),
        other,
        other_title,
        rows: outlines.iter().map(row).collect(),
    })
}

fn row(outline: &ExperimentOutline) -> ExperimentRow {
    let (first, last) = (outline.numbers.first(), outline.numbers.last());
    let versions = match (first, last) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(first), _) => first.to_string(),
        (None, _) => "none".to_owned(),
    };
    ExperimentRow {
        salt: outline.salt.clone(),
        path: super::experiment::encoded(&outline.salt),
        versions,
        from: time(outline.from),
        to: outline.to.map(time),
    }
}
