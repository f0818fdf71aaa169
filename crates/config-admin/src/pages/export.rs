//! History and audit log as files: `.json` and `.csv`, whole.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use bellwether_settings::Environment;
use bellwether_store::StoredVersion;
use bellwether_store::console::AuditEntry;
use bellwether_web::Problem;
use serde_json::{Value, json};

use super::history::environment;
use super::{PageError, State};
use crate::access::Fields;

const PAGE: u32 = 500;

/// `GET /history.json`
pub(crate) async fn history_json(
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (environment, versions) = versions(&request, &state).await?;
    let versions: Vec<_> = versions.iter().map(version).collect();
    let body = serde_json::to_vec_pretty(&versions).map_err(|error| Problem::internal(&error))?;
    Ok(file("application/json", &format!("history-{}.json", environment.as_str()), body))
}

/// `GET /history.csv`
pub(crate) async fn history_csv(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let (environment, versions) = versions(&request, &state).await?;
    let head =
        ["version", "parent", "created_at", "author", "reason", "sha256", "origin", "proposal", "document"];
    let rows = versions.iter().map(|one| {
        let provenance = one.provenance.as_ref();
        let origin = provenance.and_then(|provenance| serde_json::to_value(provenance.origin).ok());
        [
            one.version.to_string(),
            one.parent.map(|parent| parent.to_string()).unwrap_or_default(),
            one.created_at.to_rfc3339(),
            one.author.clone(),
            one.reason.clone(),
            one.sha256.clone(),
            origin.and_then(|origin| origin.as_str().map(str::to_owned)).unwrap_or_default(),
            provenance.and_then(|it| it.proposal).map(|id| id.to_string()).unwrap_or_default(),
            match &one.document {
                Ok(document) => serde_json::to_string(document).unwrap_or_default(),
                Err(unreadable) => unreadable.text.clone(),
            },
        ]
    });
    Ok(file("text/csv; charset=utf-8", &format!("history-{}.csv", environment.as_str()), csv(head, rows)?))
}

/// `GET /audit.json`
pub(crate) async fn audit_json(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let lines = lines(&request, &state).await?;
    let body = serde_json::to_vec_pretty(&lines).map_err(|error| Problem::internal(&error))?;
    Ok(file("application/json", "audit.json", body))
}

/// `GET /audit.csv`
pub(crate) async fn audit_csv(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let lines = lines(&request, &state).await?;
    let head = ["seq", "at", "actor", "action", "subject", "detail", "previous", "hash"];
    let rows = lines.into_iter().map(|line| {
        let AuditEntry { seq, at, actor, action, subject, detail, previous, hash } = line;
        [seq.to_string(), at.to_rfc3339(), actor, action, subject, detail, previous, hash]
    });
    Ok(file("text/csv; charset=utf-8", "audit.csv", csv(head, rows)?))
}

async fn versions(
    request: &HttpRequest,
    state: &State,
) -> Result<(Environment, Vec<StoredVersion>), PageError> {
    state.enter(request).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let environment = environment(query.first("environment"));
    let (mut versions, mut before) = (Vec::new(), None);
    loop {
        let page = state.console.history(environment, before, PAGE).await?;
        let Some(last) = page.last() else { return Ok((environment, versions)) };
        before = Some(last.version);
        versions.extend(page);
    }
}

async fn lines(request: &HttpRequest, state: &State) -> Result<Vec<AuditEntry>, PageError> {
    state.enter(request).await?;
    let (mut lines, mut after) = (Vec::new(), 0);
    loop {
        let page = state.console.database().lines(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after = last.seq;
        lines.extend(page);
    }
}

/// A version as JSON, a document that cannot be read as its text.
fn version(one: &StoredVersion) -> Value {
    let (document, unreadable) = match &one.document {
        Ok(document) => (Some(document), None),
        Err(unreadable) => (None, Some(json!({ "text": unreadable.text, "reasons": unreadable.reasons }))),
    };
    json!({
        "environment": one.environment,
        "version": one.version,
        "parent": one.parent,
        "sha256": one.sha256,
        "author": one.author,
        "reason": one.reason,
        "created_at": one.created_at,
        "provenance": one.provenance,
        "document": document,
        "unreadable": unreadable,
    })
}

fn csv<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, PageError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| PageError::Problem(Problem::internal(&error));
    writer.write_record(head).map_err(failed)?;
    for row in rows {
        writer.write_record(row.map(harmless)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| PageError::Problem(Problem::internal(&error)))
}

/// A spreadsheet must not take a text for a formula.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn file(media_type: &'static str, name: &str, body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("content-type", media_type))
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
        .body(body)
}
