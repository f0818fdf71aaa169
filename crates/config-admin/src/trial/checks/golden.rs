//! Whether each bundle scores its parity rows as training did, through the live api, and the named payloads get the
//! answers that are expected of them.

use bellwether_core::change::{Check, CheckName};
use bellwether_store::console::GoldenPayload;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};

use super::AT_ONCE;
use crate::environment::ParityRow;
use crate::trial::case::Case;
use crate::trial::findings::{Findings, not_run};
use crate::trial::ids;

/// Sends all parity rows and payloads.
pub(in crate::trial) async fn golden(case: &Case<'_>) -> Check {
    let mut findings = Findings::default();
    let mut rows = Vec::new();
    for model in case.document.models() {
        match case.console.stage().api.parity(model).await {
            Ok(parity) if parity.rows.is_empty() => {
                findings.note(format!("model {model} has no parity rows"));
            }
            Ok(parity) => {
                let tolerance = parity.tolerance;
                // A row that names no feature is no request: each replica scored it when it loaded the bundle.
                let asked = parity.rows.into_iter().enumerate().filter(|(_, row)| !row.input.is_empty());
                rows.extend(asked.map(|(at, parity)| Row { model, at, parity, tolerance }));
            }
            Err(error) => findings
                .note(format!("the parity rows of model {model} were asked of staging's api: {error}")),
        }
    }
    let payloads = match case.console.payloads().await {
        Ok(payloads) => payloads,
        Err(error) => return not_run(CheckName::Golden, format!("the payloads cannot be read: {error}")),
    };
    case.begin(CheckName::Golden, rows.len() + payloads.len());
    // Not in their order: what is found is put in it afterwards.
    let asked = rows.iter().enumerate().map(|(at, row)| async move { (at, row.fault(case).await) });
    // Gathered first: a stream that borrows as it goes cannot be sent to another thread.
    let asked: Vec<_> = asked.collect();
    let answered: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let mut found: Vec<_> = answered.into_iter().filter_map(|(at, fault)| Some((at, fault?))).collect();
    found.sort_unstable();
    for (_, fault) in found {
        findings.note(fault);
    }
    let id = if payloads.is_empty() { None } else { ids::answered(case.document).await };
    for payload in &payloads {
        if let Some(fault) = fault_of(case, payload, id.as_deref()).await {
            findings.note(fault);
        }
    }
    let summary = format!("{} parity rows and {} named payloads were sent", rows.len(), payloads.len());
    findings.into_check(CheckName::Golden, summary)
}

struct Row<'a> {
    model: &'a str,
    at: usize,
    parity: ParityRow,
    tolerance: f64,
}

impl Row<'_> {
    /// What is wrong with its answer, if anything.
    async fn fault(&self, case: &Case<'_>) -> Option<String> {
        let Self { model, at, parity, tolerance } = self;
        let what = format!("parity row {at} of model {model}");
        let answer = match case.ask(&what, &parity.input).await {
            Ok(answer) => answer,
            Err(error) => return Some(error),
        };
        let Some(score) = answer.told.scores.get(*model) else {
            return Some(format!("{what} was not scored by it"));
        };
        let expected = parity.probability;
        // Not `>`: a score that is no number is no match.
        let near = (score - expected).abs() <= *tolerance;
        (!near).then(|| format!("{what} was scored {score}, not {expected} as in training"))
    }
}

/// What is wrong with the answer to a payload, if anything. One that names no client is sent as `id`, so that it is
/// drawn the same every time, and gets a prediction where anybody does.
async fn fault_of(case: &Case<'_>, payload: &GoldenPayload, id: Option<&str>) -> Option<String> {
    let what = format!("payload `{}`", payload.name);
    let input = named(&payload.payload, id);
    let answer = match case.ask(&what, &input).await {
        Ok(answer) => answer,
        Err(error) => return Some(error),
    };
    let expected = payload.expected_high_risk?;
    match answer.answered.is_high_risk() {
        Some(high_risk) if high_risk == expected => None,
        Some(high_risk) => {
            let words = |high_risk: bool| if high_risk { "yes" } else { "no" };
            let probability = answer.told.probability.unwrap_or_default();
            let (got, wanted) = (words(high_risk), words(expected));
            Some(format!("{what} was answered `high_risk`: {got} at {probability}, expected {wanted}"))
        }
        None => Some(format!("{what} gets no prediction, so that its `high_risk` cannot be as expected")),
    }
}

/// An input that names a client, as it does itself or by `id`.
fn named(input: &Map<String, Value>, id: Option<&str>) -> Map<String, Value> {
    let mut input = input.clone();
    if let Some(id) = id {
        input.entry("client_id").or_insert_with(|| id.into());
    }
    input
}
