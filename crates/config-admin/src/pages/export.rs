//! History and audit log as files: `.json` and `.csv`, whole. However long they are, a page of them is held at a time.

use std::error::Error;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use bellwether_settings::Environment;
use bellwether_store::StoredVersion;
use bellwether_store::console::AuditEntry;
use bellwether_web::Problem;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Value, json};

use super::history::environment;
use super::{PageError, State};
use crate::ConsoleError;
use crate::access::Fields;
use crate::console::Console;

const PAGE: u32 = 200;

/// `GET /history.json`
pub(crate) async fn history_json(
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let versions = versions(&request, &state).await?;
    let name = format!("history-{}.json", versions.environment.as_str());
    let each = |versions: &[StoredVersion]| json_each(versions.iter().map(version));
    file("application/json", &name, versions, JSON.each(each)).await
}

/// `GET /history.csv`
pub(crate) async fn history_csv(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let versions = versions(&request, &state).await?;
    let name = format!("history-{}.csv", versions.environment.as_str());
    let head = "version,parent,created_at,author,reason,sha256,origin,proposal,document\n";
    let each = |versions: &[StoredVersion]| csv(versions.iter().map(row));
    file("text/csv; charset=utf-8", &name, versions, Form { head, ..CSV }.each(each)).await
}

/// `GET /audit.json`
pub(crate) async fn audit_json(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let lines = lines(&request, &state).await?;
    let each = |lines: &[AuditEntry]| json_each(lines.iter());
    file("application/json", "audit.json", lines, JSON.each(each)).await
}

/// `GET /audit.csv`
pub(crate) async fn audit_csv(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let lines = lines(&request, &state).await?;
    let head = "seq,at,actor,action,subject,detail,previous,hash\n";
    let each = |lines: &[AuditEntry]| {
        csv(lines.iter().cloned().map(|line| {
            let AuditEntry { seq, at, actor, action, subject, detail, previous, hash } = line;
            [seq.to_string(), at.to_rfc3339(), actor, action, subject, detail, previous, hash]
        }))
    };
    file("text/csv; charset=utf-8", "audit.csv", lines, Form { head, ..CSV }.each(each)).await
}

/// What is told, a page at a time.
trait Rows {
    type Row;

    /// The next page; an empty one is the end.
    async fn next(&mut self) -> Result<Vec<Self::Row>, ConsoleError>;
}

struct Versions {
    console: Console,
    environment: Environment,
    before: Option<u64>,
}

impl Rows for Versions {
    type Row = StoredVersion;

    async fn next(&mut self) -> Result<Vec<StoredVersion>, ConsoleError> {
        let page = self.console.history(self.environment, self.before, PAGE).await?;
        self.before = page.last().map(|last| last.version).or(self.before);
        Ok(page)
    }
}

struct Lines {
    console: Console,
    after: u64,
}

impl Rows for Lines {
    type Row = AuditEntry;

    async fn next(&mut self) -> Result<Vec<AuditEntry>, ConsoleError> {
        let page = self.console.database().lines(self.after, PAGE).await?;
        self.after = page.last().map_or(self.after, |last| last.seq);
        Ok(page)
    }
}

async fn versions(request: &HttpRequest, state: &State) -> Result<Versions, PageError> {
    state.enter(request).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let environment = environment(query.first("environment"));
    Ok(Versions { console: state.console.clone(), environment, before: None })
}

async fn lines(request: &HttpRequest, state: &State) -> Result<Lines, PageError> {
    state.enter(request).await?;
    Ok(Lines { console: state.console.clone(), after: 0 })
}

type Failure = Box<dyn Error>;

/// What stands before the rows, between two pages, and after them.
#[derive(Clone, Copy)]
struct Form {
    head: &'static str,
    between: &'static str,
    tail: &'static str,
}

const JSON: Form = Form { head: "[\n", between: ",\n", tail: "\n]\n" };
const CSV: Form = Form { head: "", between: "", tail: "" };

impl Form {
    /// The form, with what makes text of a page.
    fn each<R>(
        self,
        each: impl Fn(&[R]) -> Result<Vec<u8>, Failure>,
    ) -> (Self, impl Fn(&[R]) -> Result<Vec<u8>, Failure>) {
        (self, each)
    }
}

/// An answer that is read as it is sent. What fails before the first page is told; what fails later breaks the answer
/// off, so that nobody takes a part for the whole.
async fn file<R: Rows + 'static>(
    media_type: &'static str,
    name: &str,
    mut rows: R,
    (form, each): (Form, impl Fn(&[R::Row]) -> Result<Vec<u8>, Failure> + 'static),
) -> Result<HttpResponse, PageError> {
    let first = rows.next().await?;
    let mut begun = form.head.as_bytes().to_vec();
    begun.extend(each(&first).map_err(|error| Problem::internal(&error))?);
    let begun = stream::iter([Ok::<_, Failure>(Bytes::from(begun))]);
    // None once the tail is written; whether a row has been written yet.
    let state = Some((rows, each, !first.is_empty()));
    let rest = stream::try_unfold(state, move |state| async move {
        let Some((mut rows, each, written)) = state else { return Ok(None) };
        let page = rows.next().await.inspect_err(|error| tracing::warn!(%error, "a file was broken off"))?;
        if page.is_empty() {
            return Ok(Some((Bytes::from_static(form.tail.as_bytes()), None)));
        }
        let mut text = if written { form.between.as_bytes().to_vec() } else { Vec::new() };
        text.extend(each(&page)?);
        Ok(Some((Bytes::from(text), Some((rows, each, true)))))
    });
    let answer = HttpResponse::Ok()
        .insert_header(("content-type", media_type))
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
        .streaming(begun.chain(rest));
    Ok(answer)
}

fn json_each<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    for row in rows {
        if !text.is_empty() {
            text.extend_from_slice(JSON.between.as_bytes());
        }
        serde_json::to_writer_pretty(&mut text, &row)?;
    }
    Ok(text)
}

/// A version as a row of a table.
fn row(one: &StoredVersion) -> [String; 9] {
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

fn csv<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.map(harmless))?;
    }
    Ok(writer.into_inner()?)
}

/// A spreadsheet must not take a text for a formula.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use actix_web::body::to_bytes;

    use super::*;

    /// Pages as they come; a missing one fails.
    struct Pages(VecDeque<Vec<u64>>);

    impl Rows for Pages {
        type Row = u64;

        async fn next(&mut self) -> Result<Vec<u64>, ConsoleError> {
            self.0.pop_front().ok_or_else(|| ConsoleError::State("the database went away".to_owned()))
        }
    }

    async fn told(pages: &[&[u64]]) -> Result<HttpResponse, PageError> {
        let pages = Pages(pages.iter().map(|page| page.to_vec()).collect());
        file("application/json", "numbers.json", pages, JSON.each(|page: &[u64]| json_each(page.iter())))
            .await
    }

    #[actix_web::test]
    async fn pages_are_one_file_however_many_they_are() {
        for (pages, whole) in [
            (vec![&[][..], &[]], json!([])),
            (vec![&[1][..], &[]], json!([1])),
            (vec![&[3, 2][..], &[1, 0], &[]], json!([3, 2, 1, 0])),
            (vec![&[][..], &[1], &[]], json!([1])),
        ] {
            let answer = told(&pages).await.unwrap();
            assert_eq!(
                answer.headers().get("content-disposition").unwrap(),
                "attachment; filename=\"numbers.json\""
            );
            let body = to_bytes(answer.into_body()).await.unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), whole);
        }
    }

    #[actix_web::test]
    async fn what_fails_at_once_is_told_and_what_fails_later_breaks_the_file_off() {
        assert!(told(&[]).await.is_err());
        let answer = told(&[&[1, 2]]).await.unwrap();
        assert!(to_bytes(answer.into_body()).await.is_err(), "nobody takes a part for the whole");
    }

    #[test]
    fn a_text_that_a_spreadsheet_would_take_for_a_formula_is_quoted() {
        let rows = [["=1+1".to_owned(), "a,b".to_owned()]];
        assert_eq!(csv(rows.into_iter()).unwrap(), b"'=1+1,\"a,b\"\n");
    }
}
