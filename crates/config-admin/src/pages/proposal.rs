//! One proposal: what it changes, how its trial went, what can be done with it, and how its rollout goes. The page
//! keeps itself up to date while something goes on.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use askama::Template;
use bellwether_core::change::{Limits, Outcome, Proposal, ProposalKind, ProposalState, Rollout, differences};
use bellwether_core::customer::FieldError;
use bellwether_settings::{Approval, Environment};
use bellwether_store::Role;
use bellwether_web::Problem;

use super::overview::{ReplicaRow, replica_rows, synced_badge};
use super::report::{ReportView, title};
use super::shown::{
    Badge, DifferenceRow, Fact, difference_rows, duration, facts, percent, short, state_badge, time,
};
use super::{Frame, PageError, State, go, page_of};
use crate::ConsoleError;
use crate::access::{Fields, Signed, posted};
use crate::console::{Bake, RolloutProgress};

#[derive(Template)]
#[template(path = "proposal.html")]
struct ProposalPage {
    frame: Frame,
    id: u64,
    revision: u64,
    badge: Badge,
    state: &'static str,
    busy: bool,
    steps: Vec<Step>,
    facts: Vec<Fact>,
    document: Vec<Fact>,
    json: String,
    base: u64,
    differences: Vec<DifferenceRow>,
    progress: Option<Progress>,
    report: Option<ReportView>,
    rollout: Option<RolloutView>,
    actions: Actions,
    limits: Vec<(&'static str, &'static str, String)>,
    bake_minutes: String,
    /// What is told aloud when it changes.
    spoken: String,
    /// Why a promotion was not begun.
    error: Option<String>,
}

struct Step {
    class: &'static str,
    text: String,
    now: bool,
}

struct Progress {
    title: &'static str,
    done: u64,
    of: u64,
}

/// What this person may do with it now.
#[expect(clippy::struct_excessive_bools, reason = "one a button")]
#[derive(Default)]
struct Actions {
    edit: bool,
    try_it: bool,
    approve: bool,
    promote: bool,
    past_staging: bool,
    withdraw: bool,
    /// Why there is no button, where one would expect it.
    hint: Option<&'static str>,
}

struct RolloutView {
    version: u64,
    by: String,
    at: String,
    done: bool,
    /// Whether replicas are still to run this version: not once another has taken its place.
    current: bool,
    synced: Badge,
    replicas: Vec<ReplicaRow>,
    hindrances: Vec<String>,
    exceeded: Vec<String>,
    bakes: Option<String>,
    traffic: Vec<Fact>,
    outcome: Option<(&'static str, String, Vec<String>)>,
}

/// `GET /proposals/{id}`
pub(crate) async fn show(
    request: HttpRequest,
    state: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    render(&request, &state, &signed, *id, HttpResponse::Ok(), None).await
}

/// What was typed, and why it was not taken.
struct Refused {
    why: String,
    typed: Fields,
}

async fn render(
    request: &HttpRequest,
    state: &State,
    signed: &Signed,
    id: u64,
    answer: HttpResponseBuilder,
    refused: Option<Refused>,
) -> Result<HttpResponse, PageError> {
    let proposal = state.console.proposal(id).await?;
    let base = state.console.version(Environment::Prod, proposal.base).await.ok();
    let base = base.and_then(|(version, _)| version.document.ok());
    let changes = base.map(|base| differences(&base, &proposal.document)).unwrap_or_default();
    let rollout = match &proposal.rollout {
        Some(_) => {
            let progress = state.console.rollout_progress(&proposal).await?;
            let forgettable = (signed.actor.role >= Role::Approver).then_some("prod");
            Some(rollout(state, &proposal, progress, forgettable))
        }
        None => None,
    };
    let report = proposal.trial.as_ref().and_then(|trial| trial.report.as_ref());
    let progress =
        state.console.trial_progress(proposal.id).filter(|_| proposal.state == ProposalState::Trying);
    let mut limits = limit_fields(&suggested(&proposal));
    let mut bake_minutes = state.bake_minutes.to_string();
    if let Some(Refused { typed, .. }) = &refused {
        typed.first("bake_minutes").clone_into(&mut bake_minutes);
        for (name, _, value) in limits.iter_mut().filter(|(name, _, _)| typed.has(name)) {
            typed.first(name).clone_into(value);
        }
    }
    let synced = rollout.as_ref().filter(|rollout| rollout.current);
    let synced = synced.map(|rollout| format!(", {}", rollout.synced.text)).unwrap_or_default();
    let spoken = format!("Proposal {id}: {}{synced}.", state_badge(proposal.state).text);
    let page = ProposalPage {
        frame: Frame::of(signed, request, "/proposals"),
        id: proposal.id,
        revision: proposal.revision,
        badge: state_badge(proposal.state),
        state: proposal.state.as_str(),
        busy: proposal.state.is_under_way(),
        steps: steps(&proposal, state.approval),
        facts: about(&proposal),
        document: facts(&proposal.document),
        json: serde_json::to_string_pretty(&proposal.document).unwrap_or_default(),
        base: proposal.base,
        differences: difference_rows(&changes),
        progress: progress.map(|at| Progress { title: title(at.check), done: at.done, of: at.of }),
        report: report.map(|report| ReportView::new(report, proposal.document.proba_cutoff)),
        rollout,
        actions: actions(&proposal, signed, state.approval),
        limits,
        bake_minutes,
        spoken,
        error: refused.map(|refused| refused.why),
    };
    page_of(answer, &page)
}

fn about(proposal: &Proposal) -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value };
    let mut facts = vec![
        fact("Reason", proposal.reason.clone()),
        fact("Author", proposal.author.clone()),
        fact("Made", time(proposal.created_at)),
        fact("SHA-256", short(&proposal.sha256)),
    ];
    if let ProposalKind::Revert { version } = proposal.kind {
        facts.push(fact("Brings back", format!("version {version}")));
    }
    if let Some(approval) = &proposal.approval {
        facts.push(fact("Approved", format!("by {}, {}", approval.by, time(approval.at))));
    }
    if let Some(emergency) = &proposal.emergency {
        let told = format!("by {}, {}: {}", emergency.by, time(emergency.at), emergency.reason);
        facts.push(fact("Past staging", told));
    }
    if let Some(closed) = &proposal.closed {
        facts.push(fact("Withdrawn", format!("by {}, {}", closed.by, time(closed.at))));
    }
    facts
}

fn steps(proposal: &Proposal, approval: Approval) -> Vec<Step> {
    use ProposalState as S;
    let state = proposal.state;
    let tried = match state {
        S::Trying => "now",
        S::Failed => "bad",
        _ if proposal.emergency.is_some() => "bad",
        _ if proposal.has_passed() => "done",
        _ => "",
    };
    let promoted = proposal.rollout.is_some();
    let synced = proposal.rollout.as_ref().is_some_and(|rollout| rollout.synced_at.is_some());
    let end = match state {
        S::Done => "done",
        S::RolledBack => "bad",
        S::RollingOut if synced => "now",
        _ => "",
    };
    let step = |class: &'static str, text: &str| Step { class, text: text.to_owned(), now: class == "now" };
    let mut steps = vec![step(if state == S::Proposed { "now" } else { "done" }, "Proposed")];
    let skipped = proposal.emergency.is_some();
    steps.push(step(tried, if skipped { "Past staging" } else { "Tried in staging" }));
    if approval == Approval::TwoPerson && !skipped {
        steps.push(step(if proposal.approval.is_some() { "done" } else { "" }, "Approved"));
    }
    let ready = state == S::Passed;
    steps.push(step(
        if promoted {
            "done"
        } else if ready {
            "now"
        } else {
            ""
        },
        "Promoted",
    ));
    let syncing = if synced {
        "done"
    } else if state == S::RollingOut {
        "now"
    } else {
        ""
    };
    steps.push(step(syncing, "On every replica"));
    steps.push(step(end, if state == S::RolledBack { "Rolled back" } else { "Done" }));
    steps
}

fn actions(proposal: &Proposal, signed: &Signed, approval: Approval) -> Actions {
    let (actor, state) = (&signed.actor, proposal.state);
    if state.is_final() || state == ProposalState::RollingOut {
        return Actions::default();
    }
    let (editor, approver) = (actor.role >= Role::Editor, actor.role >= Role::Approver);
    let own = proposal.is_by(&actor.name);
    let waits = approval == Approval::TwoPerson && proposal.approval.is_none();
    let open = state.is_editable();
    let passed = state == ProposalState::Passed;
    let hint = if passed && !approver {
        Some("It has passed. An approver can promote it.")
    } else if passed && waits && own {
        Some("It has passed. Somebody else has to approve it before it can be promoted.")
    } else {
        None
    };
    Actions {
        edit: editor && open,
        try_it: editor && open,
        approve: approver && open && waits && !own,
        promote: approver && passed && !waits,
        past_staging: actor.role >= Role::Admin && open,
        withdraw: approver || (editor && own),
        hint,
    }
}

/// Limits to begin from: where the trial tells the share of high risk to expect, not far from it.
fn suggested(proposal: &Proposal) -> Limits {
    let mut limits = Limits::default();
    let holdout = f64::from(proposal.document.holdout_percentage.buckets()) / 100.0;
    limits.max_without_prediction_percent = (holdout + 5.0).min(100.0);
    let report = proposal.trial.as_ref().and_then(|trial| trial.report.as_ref());
    if let Some(replay) =
        report.and_then(|report| report.replay.as_ref()).filter(|replay| replay.clients >= 100)
    {
        let expected = replay.high_risk_after * 100.0;
        limits.min_high_risk_percent = (expected - 20.0).max(0.0).round();
        limits.max_high_risk_percent = (expected + 20.0).min(100.0).round();
    }
    limits
}

fn limit_fields(limits: &Limits) -> Vec<(&'static str, &'static str, String)> {
    vec![
        ("max_failed_percent", "Failed answers, at most %", limits.max_failed_percent.to_string()),
        ("max_p99_ms", "p99, at most ms", limits.max_p99_ms.to_string()),
        ("min_high_risk_percent", "High risk, at least %", limits.min_high_risk_percent.to_string()),
        ("max_high_risk_percent", "High risk, at most %", limits.max_high_risk_percent.to_string()),
        (
            "max_without_prediction_percent",
            "Without a prediction, at most %",
            limits.max_without_prediction_percent.to_string(),
        ),
        ("max_silence_seconds", "A replica silent for, at most s", limits.max_silence_seconds.to_string()),
        ("min_answers", "Judged from so many answers on", limits.min_answers.to_string()),
    ]
}

fn rollout(
    state: &State,
    proposal: &Proposal,
    progress: RolloutProgress,
    forgettable: Option<&'static str>,
) -> RolloutView {
    let now = state.clock.now();
    let fact = |name, value: String| Fact { name, value };
    let traffic = progress.traffic.as_ref().map(|traffic| {
        let share = |count: u64, of: u64| percent(if of == 0 { 0.0 } else { count as f64 / of as f64 });
        let all = traffic.answered + traffic.failed;
        let predicted = traffic.answered.saturating_sub(traffic.without_prediction);
        let p99 = traffic.p99_ms().map_or_else(|| "—".to_owned(), |p99| format!("{p99:.1} ms"));
        vec![
            fact("Answers", all.to_string()),
            fact("Failed", share(traffic.failed, all)),
            fact("High risk", share(traffic.high_risk, predicted)),
            fact("Without a prediction", share(traffic.without_prediction, traffic.answered)),
            fact("p99", p99),
        ]
    });
    let rollout = proposal.rollout.as_ref();
    let outcome = rollout.and_then(|rollout| rollout.outcome.as_ref()).map(|outcome| match outcome {
        Outcome::Done { at, judged, .. } => {
            let judgement = rollout.and_then(Rollout::judgement).unwrap_or_default();
            let unjudged = !judged && rollout.is_some_and(|rollout| rollout.bake_seconds.is_some());
            let class = if unjudged { "warn" } else { "good" };
            (class, format!("Done: every replica has it since {}. {judgement}", time(*at)), Vec::new())
        }
        Outcome::RolledBack { at, version, reasons } => (
            "bad",
            format!("Rolled back by itself at {}: version {version} brings back what was there.", time(*at)),
            reasons.clone(),
        ),
        Outcome::Overtaken { version, .. } => {
            ("warn", format!("Version {version} went to production before this was done."), Vec::new())
        }
    });
    let current = match rollout.and_then(|rollout| rollout.outcome.as_ref()) {
        None => true,
        Some(Outcome::Done { .. }) => progress.synced > 0,
        Some(Outcome::RolledBack { .. } | Outcome::Overtaken { .. }) => false,
    };
    RolloutView {
        version: rollout.map_or(0, |rollout| rollout.version),
        by: rollout.map(|rollout| rollout.by.clone()).unwrap_or_default(),
        at: rollout.map(|rollout| time(rollout.at)).unwrap_or_default(),
        done: outcome.is_some(),
        current,
        synced: synced_badge(progress.synced, progress.expected),
        replicas: replica_rows(&progress.replicas, forgettable, now),
        hindrances: progress.hindrances,
        exceeded: progress.exceeded,
        bakes: progress.bake_seconds_left.map(duration),
        traffic: traffic.unwrap_or_default(),
        outcome,
    }
}

/// What a form asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verb {
    Try,
    Approve,
    Promote,
    PastStaging,
    Withdraw,
}

/// `POST /proposals/{id}/try`
pub(crate) async fn try_it(
    r: HttpRequest,
    p: Payload,
    s: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    act(r, p, s, *id, Verb::Try).await
}

/// `POST /proposals/{id}/approve`
pub(crate) async fn approve(
    r: HttpRequest,
    p: Payload,
    s: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    act(r, p, s, *id, Verb::Approve).await
}

/// `POST /proposals/{id}/promote`
pub(crate) async fn promote(
    r: HttpRequest,
    p: Payload,
    s: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    act(r, p, s, *id, Verb::Promote).await
}

/// `POST /proposals/{id}/promote-past-staging`
pub(crate) async fn past_staging(
    r: HttpRequest,
    p: Payload,
    s: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    act(r, p, s, *id, Verb::PastStaging).await
}

/// `POST /proposals/{id}/withdraw`
pub(crate) async fn withdraw(
    r: HttpRequest,
    p: Payload,
    s: Data<State>,
    id: Path<u64>,
) -> Result<HttpResponse, PageError> {
    act(r, p, s, *id, Verb::Withdraw).await
}

async fn act(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
    id: u64,
    verb: Verb,
) -> Result<HttpResponse, PageError> {
    let least = match verb {
        Verb::Try | Verb::Withdraw => Role::Editor,
        Verb::Approve | Verb::Promote => Role::Approver,
        Verb::PastStaging => Role::Admin,
    };
    let (signed, fields) = posted(&request, payload, &state, least).await?;
    let (console, actor) = (&state.console, &signed.actor);
    let revision = fields.first("revision").parse().unwrap_or(0);
    let bake = match verb {
        Verb::Promote | Verb::PastStaging => bake(&fields, state.bake_minutes),
        _ => Ok(Bake::default()),
    };
    let outcome = match (verb, bake) {
        (_, Err(error)) => Err(error),
        (Verb::Try, _) => console.try_in_staging(actor, id, revision).await,
        (Verb::Approve, _) => console.approve(actor, id, revision).await,
        (Verb::Promote, Ok(bake)) => console.promote(actor, id, revision, bake).await,
        (Verb::PastStaging, Ok(bake)) => {
            let why = fields.first("why").trim().to_owned();
            console.promote_past_staging(actor, id, revision, why, bake).await
        }
        (Verb::Withdraw, _) => console.withdraw(actor, id, revision).await,
    };
    let done = match verb {
        Verb::Try => "trying",
        Verb::Approve => "approved",
        Verb::Promote | Verb::PastStaging => "promoted",
        Verb::Withdraw => "withdrawn",
    };
    match outcome {
        Ok(_) => Ok(go(format!("/proposals/{id}?done={done}"))),
        // The page itself says how it stands now.
        Err(ConsoleError::Overtaken(_)) => Ok(go(format!("/proposals/{id}?done=overtaken"))),
        // Said on the page, beside what can be done about it.
        Err(error @ (ConsoleError::Faults(_) | ConsoleError::State(_))) => {
            let problem = Problem::from(error);
            let why = match problem.errors() {
                [] => problem.detail().to_owned(),
                faults => told(faults),
            };
            let refused = Refused { why, typed: fields };
            render(&request, &state, &signed, id, HttpResponse::build(problem.status_code()), Some(refused))
                .await
        }
        Err(error) => Err(error.into()),
    }
}

fn told(faults: &[FieldError]) -> String {
    let told: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect();
    told.join("; ")
}

/// How a promotion is to be watched, as typed: unwatched only where somebody typed 0 minutes.
fn bake(fields: &Fields, usual: u64) -> Result<Bake, ConsoleError> {
    let minutes: f64 = number(fields, "bake_minutes", usual as f64)?;
    if !(0.0..=1_440.0).contains(&minutes) || (minutes > 0.0 && minutes * 60.0 < 1.0) {
        return Err(ConsoleError::fault("bake_minutes", "expected 0 to 1440 minutes"));
    }
    let default = Limits::default();
    let limits = Limits {
        max_failed_percent: number(fields, "max_failed_percent", default.max_failed_percent)?,
        max_p99_ms: number(fields, "max_p99_ms", default.max_p99_ms)?,
        min_high_risk_percent: number(fields, "min_high_risk_percent", default.min_high_risk_percent)?,
        max_high_risk_percent: number(fields, "max_high_risk_percent", default.max_high_risk_percent)?,
        max_without_prediction_percent: number(
            fields,
            "max_without_prediction_percent",
            default.max_without_prediction_percent,
        )?,
        max_silence_seconds: number(fields, "max_silence_seconds", default.max_silence_seconds)?,
        min_answers: number(fields, "min_answers", default.min_answers)?,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by the console")]
    let seconds = (minutes * 60.0).round() as u64;
    Ok(Bake { seconds: (seconds > 0).then_some(seconds), limits })
}

fn number<T: std::str::FromStr>(fields: &Fields, name: &str, absent: T) -> Result<T, ConsoleError> {
    let text = fields.first(name).trim().replace(',', ".");
    if text.is_empty() {
        return Ok(absent);
    }
    text.parse().map_err(|_| ConsoleError::fault(name, format!("expected a number, not `{text}`")))
}
