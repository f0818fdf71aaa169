//! `/drift`: what production sees against what a model's training saw, by day.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_experiments::drift::{Shift, bars, line};
use chrono::NaiveDate;

use super::history::{environment, title};
use super::shown::{Badge, percent, time};
use super::{Frame, PageError, State, page};
use crate::access::Fields;
use crate::drift::{DriftDayView, DriftModel, DriftView};

/// So many days are shown.
const DAYS: u32 = 30;

#[derive(Template)]
#[template(path = "drift.html")]
struct DriftPage {
    frame: Frame,
    name: &'static str,
    title: &'static str,
    other: &'static str,
    other_title: &'static str,
    models: Vec<ModelLink>,
    fault: Option<String>,
    limits: String,
    days: Vec<DayRow>,
    shown: Option<Shown>,
}

struct ModelLink {
    uid: String,
    /// The uid as it stands in an address.
    query: String,
    here: bool,
    badge: Badge,
}

struct DayRow {
    day: String,
    here: bool,
    rows: u64,
    score: String,
    badge: Badge,
}

/// One day of one model.
struct Shown {
    model: String,
    query: String,
    day: String,
    rows: u64,
    note: Option<String>,
    told: Option<String>,
    badge: Badge,
    exceeded: Vec<String>,
    inputs: Vec<InputRow>,
}

/// The score, or an input.
struct InputRow {
    id: String,
    name: String,
    kind: &'static str,
    missing: String,
    unseen: String,
    psi: String,
    distance: String,
    p_value: String,
    exceeded: bool,
    by_day: String,
    bins: String,
    table: Vec<(String, String, String)>,
}

/// `GET /drift?environment=…&model=…&day=…`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let query = Fields::parse(request.query_string().as_bytes());
    let environment = environment(query.first("environment"));
    let view = state.console.drift(environment, None, DAYS).await?;
    let asked = query.first("model");
    let older = match asked {
        "" => None,
        asked if view.models.iter().any(|model| model.model == asked) => None,
        asked => state.console.drift(environment, Some(asked), DAYS).await?.models.pop(),
    };
    // A model that was never measured here is not one to be shown under the name that somebody sent.
    let older = older.filter(|model| !model.days.is_empty());
    let chosen = older.as_ref().or_else(|| {
        let asked = view.models.iter().find(|model| model.model == asked);
        asked.or_else(|| view.models.first())
    });
    let day = chosen.and_then(|model| day(model, query.first("day")));
    let (other, other_title) =
        if environment.as_str() == "stage" { ("prod", "Production's") } else { ("stage", "Staging's") };
    page(&DriftPage {
        frame: Frame::of(&signed, &request, "/drift"),
        name: environment.as_str(),
        title: title(environment),
        other,
        other_title,
        models: view.models.iter().chain(&older).map(|model| link(model, chosen, &view)).collect(),
        fault: chosen.and_then(|model| model.fault.clone()),
        limits: limits(&view),
        days: chosen.map(|model| rows(model, &view, day)).unwrap_or_default(),
        shown: chosen.zip(day).map(|(model, day)| shown(model, day, &view)),
    })
}

/// The day that is asked for, or the last that is over, or today.
fn day<'a>(model: &'a DriftModel, asked: &str) -> Option<&'a DriftDayView> {
    let asked: Option<NaiveDate> = asked.parse().ok();
    let named = asked.and_then(|asked| model.days.iter().find(|day| day.day.day == asked));
    named.or_else(|| model.days.iter().rfind(|day| day.day.complete)).or(model.days.last())
}

fn link(model: &DriftModel, chosen: Option<&DriftModel>, view: &DriftView) -> ModelLink {
    let last = model.days.iter().rfind(|day| day.day.complete);
    ModelLink {
        uid: model.model.clone(),
        query: encoded(&model.model),
        here: chosen.is_some_and(|chosen| chosen.model == model.model),
        badge: match last {
            _ if model.fault.is_some() => Badge::new("warn", "cannot be measured"),
            None => Badge::new("", "no day is over yet"),
            Some(day) => badge(day, view),
        },
    }
}

fn limits(view: &DriftView) -> String {
    let limits = &view.limits;
    format!(
        "PSI {}, KS distance {}, Cramér's V {}, change of the missing share {}, share of unseen levels {}; days with \
         fewer than {} rows are shown and never told.",
        limits.psi,
        limits.ks,
        limits.cramers_v,
        limits.missing_change,
        limits.unseen_share,
        limits.minimum_rows
    )
}

fn badge(day: &DriftDayView, view: &DriftView) -> Badge {
    if !day.day.complete {
        Badge::new("", "provisional")
    } else if day.day.rows < view.limits.minimum_rows {
        Badge::new("", "too few rows")
    } else if day.exceeded.is_empty() {
        Badge::new("good", "within limits")
    } else {
        Badge::new("bad", format!("{} above their limit", day.exceeded.len()))
    }
}

/// Days, the newest first.
fn rows(model: &DriftModel, view: &DriftView, chosen: Option<&DriftDayView>) -> Vec<DayRow> {
    let row = |day: &DriftDayView| DayRow {
        day: day.day.day.to_string(),
        here: chosen.is_some_and(|chosen| chosen.day.day == day.day.day),
        rows: day.day.rows,
        score: number(day.day.score.psi),
        badge: badge(day, view),
    };
    model.days.iter().rev().map(row).collect()
}

fn shown(model: &DriftModel, day: &DriftDayView, view: &DriftView) -> Shown {
    let measured = &day.day;
    let note = if !measured.complete {
        Some("This day is not over: its numbers are provisional, and nobody is told of them.".to_owned())
    } else if measured.sampled {
        Some(
            "The log held more rows than were read: these are the first of each quarter of an hour."
                .to_owned(),
        )
    } else {
        None
    };
    let row = |(at, shift)| input(at, shift, model, day, view);
    Shown {
        model: model.model.clone(),
        query: encoded(&model.model),
        day: measured.day.to_string(),
        rows: measured.rows,
        note,
        told: day.told_at.map(time),
        badge: badge(day, view),
        exceeded: day.exceeded.iter().map(ToString::to_string).collect(),
        inputs: measured.shifts().enumerate().map(row).collect(),
    }
}

fn input(at: usize, shift: &Shift, model: &DriftModel, day: &DriftDayView, view: &DriftView) -> InputRow {
    let days: Vec<_> = model
        .days
        .iter()
        .map(|day| (day.day.day, day.day.shift(&shift.name).and_then(|shift| shift.psi)))
        .collect();
    let described = |what: &str| format!("{what} of {}", shift.name);
    let (distance, p_value) = match (shift.ks, shift.levels) {
        (Some(test), _) => (format!("KS {:.3}", test.distance), p(test.p_value)),
        (None, Some(test)) => (format!("V {:.3}", test.cramers_v), p(test.p_value)),
        (None, None) => ("—".to_owned(), "—".to_owned()),
    };
    InputRow {
        id: format!("input-{at}"),
        name: shift.name.clone(),
        kind: shift.kind.as_str(),
        missing: format!(
            "{} ({} in training)",
            percent(shift.missing_share),
            percent(shift.missing_in_training)
        ),
        unseen: match shift.unseen {
            0 => "—".to_owned(),
            _ => format!("{}, {} levels", percent(shift.unseen_share), shift.unseen_levels),
        },
        psi: number(shift.psi),
        distance,
        p_value,
        exceeded: day.exceeded.iter().any(|above| above.feature == shift.name),
        by_day: line(&described("Population stability index by day"), &days, Some(view.limits.psi)),
        bins: bars(&described("Training's and production's distribution"), &shift.bins),
        table: shift
            .bins
            .iter()
            .map(|bin| (bin.label.clone(), percent(bin.training), percent(bin.production)))
            .collect(),
    }
}

fn encoded(uid: &str) -> String {
    form_urlencoded::byte_serialize(uid.as_bytes()).collect()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "—".to_owned(), |value| format!("{value:.3}"))
}

fn p(value: f64) -> String {
    if value < 0.001 { "< 0.001".to_owned() } else { format!("{value:.3}") }
}
