//! `GET /api/audit` and `/api/audit/verify`: who did what, and whether the chain holds.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_store::Role;
use bellwether_store::console::{AuditEntry, AuditError};
use bellwether_web::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::{self, MAX_NUMBER, Query};
use crate::pages::State;

/// Some lines of the audit log, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Lines {
    /// The lines.
    lines: Vec<Line>,
    /// What to ask for as `after` to get later ones; null where these are the last.
    next_after: Option<u64>,
}

/// One line. Its hash is SHA-256 over `seq`, `at`, `actor`, `action`, `subject`, `detail` and `previous`, each preceded
/// by its length in bytes and a colon.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Line {
    /// Counts up from 1 without gaps.
    seq: u64,
    /// When, in UTC, to the microsecond.
    at: DateTime<Utc>,
    /// Who: a person's name, `token NAME of PERSON`, or `bellwether` for the system itself.
    actor: String,
    /// What was done, as `proposal.promoted`.
    action: String,
    /// To what, as `proposal 12`.
    subject: String,
    /// The particulars, as the JSON text that was hashed.
    detail: String,
    /// The hash of the line before, in hex; 64 zeros for the first.
    previous: String,
    /// SHA-256 over the line, in hex.
    hash: String,
}

impl From<AuditEntry> for Line {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { seq, at, actor, action, subject, detail, previous, hash } = entry;
        Self { seq, at, actor, action, subject, detail, previous, hash }
    }
}

/// Whether the chain of the audit log holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verdict {
    /// Whether every line is there, and as it was written.
    holds: bool,
    /// How many lines it has, where it holds; null else.
    lines: Option<u64>,
    /// The last line's hash, in hex, where it holds; null else, and while there is no line.
    head: Option<String>,
    /// What is wrong with it, where it does not hold; null else.
    fault: Option<String>,
}

#[utoipa::path(
    get, path = "/api/audit", tag = "audit", operation_id = "audit",
    params(
        ("after" = Option<u64>, Query, description = "only lines after this one; from the first where nothing is said"),
        ("limit" = Option<u64>, Query, description = "how many at most; 50 where nothing is said", minimum = 1, maximum = 200),
    ),
    responses((status = 200, description = "lines, oldest first", body = Lines)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn lines(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let mut query = Query::of(&request);
    let (after, limit) = (query.number("after", 0..=MAX_NUMBER).unwrap_or(0), query.limit());
    query.finish()?;
    let lines = state.console.database().lines(after, limit).await?;
    let full = u32::try_from(lines.len()).is_ok_and(|count| count >= limit);
    Ok(HttpResponse::Ok().json(Lines {
        next_after: lines.last().map(|line| line.seq).filter(|_| full),
        lines: lines.into_iter().map(Line::from).collect(),
    }))
}

#[utoipa::path(
    get, path = "/api/audit/verify", tag = "audit", operation_id = "verify_audit",
    responses((status = 200, description = "whether the chain holds; every line is read for it", body = Verdict)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn verify(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    let verdict = match state.console.verify_audit().await {
        Ok(verified) => Verdict {
            holds: true,
            lines: Some(verified.lines),
            head: verified.head.map(|head| head.hash),
            fault: None,
        },
        Err(AuditError::Store(error)) => return Err(error.into()),
        Err(broken) => Verdict { holds: false, lines: None, head: None, fault: Some(broken.to_string()) },
    };
    Ok(HttpResponse::Ok().json(verdict))
}
