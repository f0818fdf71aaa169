//! What is done with a proposal by its page's forms, and how a promotion is to be watched.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use bellwether_core::change::{Limits, Proposal};
use bellwether_core::customer::FieldError;
use bellwether_store::Role;
use bellwether_web::Problem;

use super::{Refused, render};
use crate::ConsoleError;
use crate::access::{Fields, posted};
use crate::console::Bake;
use crate::pages::{PageError, State, go};

/// Limits to begin from: where the trial tells the share of high risk to expect, not far from it.
pub(super) fn suggested(proposal: &Proposal) -> Limits {
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

pub(super) fn limit_fields(limits: &Limits) -> Vec<(&'static str, &'static str, String)> {
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
