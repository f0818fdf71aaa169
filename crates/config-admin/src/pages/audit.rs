//! `/audit`: who did what, newest first, and whether the chain holds.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_store::console::AuditEntry;

use super::shown::{short, time};
use super::{Frame, PageError, State, page};
use crate::access::Fields;

const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    verdict: Option<(&'static str, String)>,
    rows: Vec<LineRow>,
    next: Option<u64>,
}

struct LineRow {
    seq: u64,
    at: String,
    actor: String,
    action: String,
    subject: String,
    href: Option<String>,
    detail: String,
    hash: String,
}

/// `GET /audit?before=…&verify=yes`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let before = query.first("before").parse().ok();
    let lines = state.console.database().recent_lines(before, PAGE).await?;
    let verdict = match query.first("verify") {
        "yes" => Some(match state.console.verify_audit().await {
            Ok(verified) => ("good", format!("The chain holds over all {} lines.", verified.lines)),
            Err(error) => ("bad", format!("The chain does not hold: {error}.")),
        }),
        _ => None,
    };
    page(&AuditPage {
        frame: Frame::of(&signed, &request, "/audit"),
        verdict,
        next: lines.last().map(|last| last.seq).filter(|last| *last > 1),
        rows: lines.iter().map(row).collect(),
    })
}

fn row(line: &AuditEntry) -> LineRow {
    let detail = serde_json::from_str::<serde_json::Value>(&line.detail).ok();
    let detail = detail.filter(|detail| !detail.is_null());
    LineRow {
        seq: line.seq,
        at: time(line.at),
        actor: line.actor.clone(),
        action: line.action.clone(),
        href: line
            .subject
            .strip_prefix("proposal ")
            .and_then(|id| id.parse::<u64>().ok().map(|id| format!("/proposals/{id}"))),
        subject: line.subject.clone(),
        detail: detail.and_then(|detail| serde_json::to_string_pretty(&detail).ok()).unwrap_or_default(),
        hash: short(&line.hash),
    }
}
