//! The form: a new proposal, or an edit of one that is open. What is wrong stands beside its field, and nothing
//! typed is lost.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use askama::Template;
use bellwether_core::change::three_way;
use bellwether_core::config::ConfigDocument;
use bellwether_core::customer::FieldError;
use bellwether_settings::Environment;
use bellwether_store::Role;
use bellwether_web::Problem;

use super::document_form::{DocumentForm, Errors};
use super::schema::Hints;
use super::shown::{ClashRow, clash_rows, percent};
use super::{Frame, PageError, State, go, page_of};
use crate::ConsoleError;
use crate::access::{Fields, Kept, Signed, posted};
use crate::console::{Draft, ModelChoice};

#[derive(Template)]
#[template(path = "propose.html")]
struct ProposePage {
    frame: Frame,
    heading: String,
    action: String,
    back: String,
    form: DocumentForm,
    errors: Errors,
    asked: Option<Asked>,
    moved_on: Option<String>,
    clashes: Vec<ClashRow>,
    models: Vec<Choice>,
    shadows: Vec<Choice>,
    emails: [(&'static str, &'static str); 3],
    hints: Hints,
}

/// How many of the newest versions are looked through for one that can be used.
const LOOKED_THROUGH: u32 = 50;

/// What has to be confirmed.
struct Asked {
    moved: String,
    salt_changed: bool,
    shrunk: String,
    /// Of the document that it is asked of: a confirmation counts for that one only.
    sha256: String,
}

/// A bundle to choose.
struct Choice {
    uid: String,
    text: String,
    loadable: bool,
    chosen: bool,
}

/// What is edited: nothing yet, or a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    New,
    Proposal(u64),
}

impl Subject {
    fn action(self) -> String {
        match self {
            Self::New => "/propose".to_owned(),
            Self::Proposal(id) => format!("/proposals/{id}/edit"),
        }
    }

    fn back(self) -> String {
        match self {
            Self::New => "/".to_owned(),
            Self::Proposal(id) => format!("/proposals/{id}"),
        }
    }

    fn heading(self) -> String {
        match self {
            Self::New => "Propose a change".to_owned(),
            Self::Proposal(id) => format!("Edit proposal {id}"),
        }
    }

    /// What a form's path is about, where it is one of ours.
    fn of_path(path: &str) -> Option<Self> {
        if path == "/propose" {
            return Some(Self::New);
        }
        let id = path.strip_prefix("/proposals/")?.strip_suffix("/edit")?;
        id.parse().ok().map(Self::Proposal)
    }
}

/// What stands above the form once more.
#[derive(Default)]
struct Told {
    errors: Errors,
    asked: Option<Asked>,
    /// Who else changed what, and since when.
    moved_on: Option<String>,
    clashes: Vec<ClashRow>,
}

/// `GET /propose`, from what is live in production or, with `?version=`, from an earlier version.
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    signed.demand(Role::Editor)?;
    let (base, live) = production(&state).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let document = match query.first("version").parse() {
        Ok(version) => state.console.version(Environment::Prod, version).await?.0.document.ok(),
        Err(_) => live,
    };
    // Where nothing there can be read, one begins from the first model there is.
    let models = state.console.models().await;
    let document = document.unwrap_or_else(|| {
        ConfigDocument::initial(models.iter().find(|model| model.loadable).map_or("", |model| &model.uid))
    });
    let frame = Frame::of(&signed, &request, "/proposals");
    render(
        HttpResponse::Ok(),
        frame,
        Subject::New,
        DocumentForm::of(&document, base),
        &models,
        Told::default(),
    )
}

/// `GET /proposals/{id}/edit`
pub(crate) async fn show_edit(
    request: HttpRequest,
    state: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    signed.demand(Role::Editor)?;
    let proposal = state.console.proposal(*id).await?;
    // From what its author saw: where production has moved on, saving says so and shows all three.
    let mut form = DocumentForm::of(&proposal.document, proposal.base);
    form.revision = Some(proposal.revision);
    form.reason = proposal.reason;
    let frame = Frame::of(&signed, &request, "/proposals");
    let models = state.console.models().await;
    render(HttpResponse::Ok(), frame, Subject::Proposal(*id), form, &models, Told::default())
}

/// `POST /propose`
pub(crate) async fn send(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Editor).await?;
    take(&state, &signed, Frame::of(&signed, &request, "/proposals"), Subject::New, &fields).await
}

/// `POST /proposals/{id}/edit`
pub(crate) async fn send_edit(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Editor).await?;
    let frame = Frame::of(&signed, &request, "/proposals");
    take(&state, &signed, frame, Subject::Proposal(*id), &fields).await
}

/// Whether a form's path is one of these two.
pub(super) fn takes(path: &str) -> bool {
    Subject::of_path(path).is_some()
}

/// The form as it was when its session ended, for somebody who is logged in again. Nothing is saved yet.
pub(super) async fn resumed(
    state: &State,
    signed: &Signed,
    frame: Frame,
    kept: &Kept,
) -> Result<HttpResponse, PageError> {
    signed.demand(Role::Editor)?;
    let subject = Subject::of_path(&kept.path).unwrap_or(Subject::New);
    let form = DocumentForm::from_fields(&kept.fields);
    render(HttpResponse::Ok(), frame, subject, form, &state.console.models().await, Told::default())
}

async fn take(
    state: &State,
    signed: &Signed,
    frame: Frame,
    subject: Subject,
    fields: &Fields,
) -> Result<HttpResponse, PageError> {
    let mut form = DocumentForm::from_fields(fields);
    let models = state.console.models().await;
    let action = fields.first("action");
    let mut told = Told::default();
    match action {
        "add_arm" => form.add_arm(loadable(&models)),
        "to_json" => match form.document() {
            Ok(document) => form.json = Some(pretty(&document)),
            Err(faults) => told.errors = Errors::new(faults),
        },
        "to_form" => match form.document() {
            Ok(document) => {
                let DocumentForm { base, revision, reason, .. } = form;
                form = DocumentForm { revision, reason, ..DocumentForm::of(&document, base) };
            }
            Err(faults) => told.errors = Errors::new(faults),
        },
        _ => {
            if let Some(at) = action.strip_prefix("remove_arm_").and_then(|at| at.parse().ok()) {
                form.remove_arm(at);
            } else {
                return save(state, signed, frame, subject, form, &models).await;
            }
        }
    }
    render(HttpResponse::Ok(), frame, subject, form, &models, told)
}

async fn save(
    state: &State,
    signed: &Signed,
    frame: Frame,
    subject: Subject,
    mut form: DocumentForm,
    models: &[ModelChoice],
) -> Result<HttpResponse, PageError> {
    let document = match form.document() {
        Ok(document) => document,
        Err(faults) => {
            let told = Told { errors: Errors::new(faults), ..Told::default() };
            return render(HttpResponse::UnprocessableEntity(), frame, subject, form, models, told);
        }
    };
    let sha256 = document.sha256().unwrap_or_default();
    let confirmed = form.confirmed == sha256;
    let draft = Draft { document, base: form.base, reason: form.reason.trim().to_owned(), confirmed };
    let outcome = match subject {
        Subject::New => state.console.propose(&signed.actor, draft).await,
        Subject::Proposal(id) => {
            state.console.edit(&signed.actor, id, form.revision.unwrap_or(0), draft).await
        }
    };
    let (answer, told) = match outcome {
        Ok(proposal) => {
            let done = if subject == Subject::New { "proposed" } else { "edited" };
            return Ok(go(format!("/proposals/{}?done={done}", proposal.id)));
        }
        Err(ConsoleError::Faults(faults)) => {
            (HttpResponse::UnprocessableEntity(), Told { errors: Errors::new(faults), ..Told::default() })
        }
        Err(ConsoleError::Reassigns(moves)) => {
            let asked = Asked {
                moved: percent(moves.moved),
                salt_changed: moves.salt_changed,
                shrunk: moves.shrunk.join(", "),
                sha256,
            };
            (HttpResponse::Conflict(), Told { asked: Some(asked), ..Told::default() })
        }
        Err(ConsoleError::Stale { live, fields, .. }) => {
            form.base = live;
            let moved_on = Some(format!("Production has moved on to version {live} while you were typing."));
            (HttpResponse::Conflict(), Told { moved_on, clashes: clash_rows(&fields), ..Told::default() })
        }
        Err(ConsoleError::Overtaken(why)) => {
            (HttpResponse::Conflict(), overtaken(state, subject, &mut form, why).await?)
        }
        Err(error @ (ConsoleError::NotFound(_) | ConsoleError::Forbidden(_))) => return Err(error.into()),
        // Nothing typed is lost, whatever kept it from being saved.
        Err(error) => {
            let problem = Problem::from(error);
            let fault = FieldError { field: "saving".to_owned(), message: problem.detail().to_owned() };
            (
                HttpResponse::build(problem.status_code()),
                Told { errors: Errors::new(vec![fault]), ..Told::default() },
            )
        }
    };
    render(answer, frame, subject, form, models, told)
}

/// Somebody else saved this proposal first: their document beside what was typed, to be saved over or taken up.
async fn overtaken(
    state: &State,
    subject: Subject,
    form: &mut DocumentForm,
    why: String,
) -> Result<Told, PageError> {
    let Subject::Proposal(id) = subject else {
        return Ok(Told { moved_on: Some(why), ..Told::default() });
    };
    let theirs = state.console.proposal(id).await?;
    let typed = form.document().ok();
    let fields = typed.map(|typed| three_way(None, &theirs.document, &typed)).unwrap_or_default();
    form.revision = Some(theirs.revision);
    let moved_on = Some("Somebody else has saved this proposal while you were typing.".to_owned());
    Ok(Told { moved_on, clashes: clash_rows(&fields), ..Told::default() })
}

fn loadable(models: &[ModelChoice]) -> impl Iterator<Item = String> {
    models.iter().filter(|model| model.loadable).map(|model| model.uid.clone())
}

fn pretty(document: &ConfigDocument) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}

/// What is live in production: its number, and the document that is served, which is an earlier one's where the
/// newest cannot be used.
async fn production(state: &State) -> Result<(u64, Option<ConfigDocument>), PageError> {
    let newest = state.console.history(Environment::Prod, None, LOOKED_THROUGH).await?;
    let live = newest.first().map_or(0, |live| live.version);
    Ok((live, newest.into_iter().find_map(|version| version.document.ok())))
}

fn render(
    answer: HttpResponseBuilder,
    frame: Frame,
    subject: Subject,
    mut form: DocumentForm,
    models: &[ModelChoice],
    told: Told,
) -> Result<HttpResponse, PageError> {
    for arm in &mut form.arms {
        arm.unknown = !models.iter().any(|model| model.uid == arm.model);
    }
    let choice = |model: &ModelChoice| Choice {
        uid: model.uid.clone(),
        text: described(model),
        loadable: model.loadable,
        chosen: form.shadow.contains(&model.uid),
    };
    let mut shadows: Vec<_> = models.iter().map(choice).collect();
    for uid in form.shadow.iter().filter(|uid| !models.iter().any(|model| model.uid == **uid)) {
        let text = format!("{uid} (not known)");
        shadows.push(Choice { uid: uid.clone(), text, loadable: false, chosen: true });
    }
    let page = ProposePage {
        frame,
        heading: subject.heading(),
        action: subject.action(),
        back: subject.back(),
        errors: told.errors,
        asked: told.asked,
        moved_on: told.moved_on,
        clashes: told.clashes,
        models: models.iter().map(choice).collect(),
        shadows,
        form,
        emails: [
            ("none", "No predictions"),
            ("high_risk", "Those of high risk"),
            ("all", "All that are answered"),
        ],
        hints: Hints::new(),
    };
    page_of(answer, &page)
}

fn described(model: &ModelChoice) -> String {
    let name =
        if model.name == model.uid { model.uid.clone() } else { format!("{} ({})", model.uid, model.name) };
    match &model.reason {
        Some(reason) => format!("{name}: {reason}"),
        None if !model.in_prod => format!("{name}: not yet on every replica of production"),
        None => name,
    }
}
