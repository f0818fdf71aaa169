//! `/history`: an environment's line of versions, newest first, each with what it changed.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_core::change::differences;
use bellwether_settings::Environment;
use bellwether_store::StoredVersion;

use super::shown::{Badge, DifferenceRow, difference_rows, provenance_badge, time};
use super::{Frame, PageError, State, page};
use crate::access::Fields;

const PAGE: usize = 30;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    name: &'static str,
    title: &'static str,
    other: &'static str,
    other_title: &'static str,
    rows: Vec<VersionRow>,
    older_than_some: bool,
    next: Option<u64>,
}

struct VersionRow {
    version: u64,
    live: bool,
    badge: Option<Badge>,
    changes: Vec<DifferenceRow>,
    unreadable: bool,
    unchanged: &'static str,
    author: String,
    reason: String,
    at: String,
}

/// `GET /history?environment=…&before=…`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let environment = environment(query.first("environment"));
    let before: Option<u64> = query.first("before").parse().ok();
    // One more than shown: the last one's change needs the one before it.
    let limit = u32::try_from(PAGE + 1).unwrap_or(u32::MAX);
    let versions = state.console.history(environment, before, limit).await?;
    let rows: Vec<_> = versions
        .iter()
        .enumerate()
        .take(PAGE)
        .map(|(at, version)| row(version, versions.get(at + 1), before.is_none() && at == 0))
        .collect();
    let (other, other_title) = match environment {
        Environment::Stage => ("prod", "Production's"),
        _ => ("stage", "Staging's"),
    };
    page(&HistoryPage {
        frame: Frame::of(&signed, &request, "/history"),
        name: environment.as_str(),
        title: title(environment),
        other,
        other_title,
        next: rows.last().map(|last| last.version).filter(|_| versions.len() > PAGE),
        rows,
        older_than_some: before.is_some(),
    })
}

fn row(version: &StoredVersion, parent: Option<&StoredVersion>, live: bool) -> VersionRow {
    let before = parent.map(|parent| parent.document.as_ref());
    let changes = match (before, &version.document) {
        (Some(Ok(before)), Ok(after)) => differences(before, after),
        _ => Vec::new(),
    };
    VersionRow {
        version: version.version,
        live,
        badge: provenance_badge(version.provenance.as_ref()),
        changes: difference_rows(&changes),
        unreadable: version.document.is_err(),
        unchanged: match before {
            None => "the first",
            Some(Ok(_)) => "nothing",
            Some(Err(_)) => "not known: the version before cannot be read",
        },
        author: version.author.clone(),
        reason: version.reason.clone(),
        at: time(version.created_at),
    }
}

/// The environment that an address names; production where it names none.
pub(super) fn environment(name: &str) -> Environment {
    match name {
        "stage" => Environment::Stage,
        _ => Environment::Prod,
    }
}

/// What an environment is called.
pub(super) fn title(environment: Environment) -> &'static str {
    match environment {
        Environment::Stage => "staging",
        Environment::Prod => "production",
        Environment::Local => "local",
    }
}
