//! `/experiments/{environment}/{salt}`: one experiment's report, or how far it is.

mod tables;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_experiments::{NoteKind, Progress, Silence, Stage};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::history::title;
use super::shown::{Fact, time};
use super::{Frame, PageError, State, no_such_page, page};
use crate::access::Fields;
use crate::experiments::Standing;
use tables::Tables;

#[derive(Template)]
#[template(path = "experiment.html")]
struct ExperimentPage {
    frame: Frame,
    title: &'static str,
    name: String,
    salt: String,
    path: String,
    stayed: bool,
    busy: bool,
    under_way: Option<UnderWay>,
    failed: Option<String>,
    report: Option<ReportView>,
}

/// How far a report is.
struct UnderWay {
    text: String,
    /// In hundredths, where that can be told.
    share: Option<u8>,
}

/// A report, laid out.
struct ReportView {
    made: String,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    notes: Vec<String>,
    tables: Tables,
}

/// `GET /experiments/{environment}/{salt}?silence=…`
pub(crate) async fn show(
    request: HttpRequest,
    state: Data<State>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let (name, salt) = path.into_inner();
    let environment = match name.as_str() {
        "stage" => bellwether_settings::Environment::Stage,
        "prod" => bellwether_settings::Environment::Prod,
        _ => return Err(no_such_page()),
    };
    let query = Fields::parse(request.query_string().as_bytes());
    let stayed = query.first("silence") == "stayed";
    let silence = if stayed { Silence::Stayed } else { Silence::Unknown };
    let standing = state.console.experiment(environment, &salt, silence).await?;
    // Another one that is being made in the background is no reason to hurry.
    let busy = standing.under_way;
    page(&ExperimentPage {
        frame: Frame::of(&signed, &request, "/experiments"),
        title: title(environment),
        path: encoded(&salt),
        name,
        salt,
        stayed,
        busy,
        under_way: busy.then(|| under_way(standing.progress)),
        failed: standing.failed.as_ref().map(|(why, _)| why.clone()),
        report: view(&standing),
    })
}

/// A salt as it stands in a path.
pub(super) fn encoded(salt: &str) -> String {
    utf8_percent_encode(salt, NON_ALPHANUMERIC).to_string()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 0 to 1")]
fn under_way(progress: Option<Progress>) -> UnderWay {
    let Some(progress) = progress else {
        return UnderWay { text: "The report waits for another one to be made.".to_owned(), share: None };
    };
    let text = match progress.stage {
        Stage::Log => format!("The log is read: {} predictions so far.", progress.read),
        Stage::Outcomes => format!("Outcomes are read: {} so far.", progress.read),
        Stage::Computing => "The report is computed.".to_owned(),
    };
    UnderWay { text, share: progress.share.map(|share| (share.clamp(0.0, 1.0) * 100.0) as u8) }
}

fn view(standing: &Standing) -> Option<ReportView> {
    let (report, at) = standing.done.as_ref()?;
    let fact = |name, value: String| Fact { name, value };
    let versions = report.versions.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let until = report.to.map_or_else(|| "still live".to_owned(), time);
    let silence = match report.silence {
        Silence::Unknown => "means nothing: what became of them is unknown",
        Silence::Stayed => "means that they stayed",
    };
    let contact = format!("costs {}, keeps {} of the LTV", report.contact_cost, report.kept_share);
    let told = |kind| {
        let of_kind = report.notes.iter().filter(move |note| note.kind == kind);
        of_kind.map(|note| note.text.clone()).collect()
    };
    Some(ReportView {
        made: time(*at),
        facts: vec![
            fact("Versions", versions),
            fact("Live", format!("{} to {until}", time(report.from))),
            fact("Clients", format!("{} in {} predictions", report.clients, report.predictions)),
            fact("Outcome window", format!("{} days", report.window_days)),
            fact("Silence", silence.to_owned()),
            fact("A contact", contact),
            fact("Intervals", format!("{} %", (1.0 - report.alpha) * 100.0)),
        ],
        warnings: told(NoteKind::Warning),
        notes: told(NoteKind::Information),
        tables: Tables::of(report),
    })
}
