//! What production's recent inputs say of the document: each is sent to production and to staging, and the answers are
//! compared.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_core::change::{Check, CheckName, Histogram, Replay};
use bellwether_core::prediction::LogRecord;
use bellwether_store::StoreError;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};

use super::AT_ONCE;
use crate::console::Console;
use crate::trial::case::{Answer, Case, Line, Sent};
use crate::trial::findings::{Findings, not_run};

/// Records are read so many at a time,
const PAGE: u32 = 1_000;
/// and so many pages back at most: between clients' records may lie those of trials and load tests.
const PAGES: usize = 100;

/// Replays what production was asked last. Passes where nothing was, and says so.
pub(in crate::trial) async fn replay(case: &Case<'_>) -> (Check, Option<Replay>) {
    let settings = case.console.settings();
    case.begin(CheckName::Replay, settings.replay_inputs as usize);
    let inputs = match recent_inputs(case.console, settings.replay_inputs as usize).await {
        Ok(inputs) => inputs,
        Err(error) => {
            let reason = format!("production's recent inputs cannot be read: {error}");
            return (not_run(CheckName::Replay, reason), None);
        }
    };
    if inputs.is_empty() {
        let check = Findings::default().into_check(CheckName::Replay, "production has logged no inputs yet");
        return (check, None);
    }
    // While the newest version cannot be used, production answers by the one before.
    let current = match case.console.prod().last_good().await {
        Ok(Some(good)) => good.version,
        Ok(None) => return (not_run(CheckName::Replay, "production has no config that can be used"), None),
        Err(error) => {
            let reason = format!("production's live version cannot be read: {error}");
            return (not_run(CheckName::Replay, reason), None);
        }
    };
    case.begin(CheckName::Replay, inputs.len());
    let production = Line::new(&case.console.prod().api, current);
    // Gathered first: a stream that borrows as it goes cannot be sent to another thread.
    let calls: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(async |(at, input)| {
            let what = format!("input {}", at + 1);
            let sent = || Sent::OfClient(&input.body);
            let before = async { production.ask(&sent()).await };
            let (before, after) = tokio::join!(before, case.send(&what, sent()));
            let before = before.map_err(|error| format!("{what} {error} (production)"));
            (at, Pair { client: input.client.as_str(), before, after })
        })
        .collect();
    let mut pairs: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
    pairs.sort_unstable_by_key(|(at, _)| *at);
    let pairs: Vec<_> = pairs.into_iter().map(|(_, pair)| pair).collect();
    let replay = compared(current, &pairs);
    (judged(case, &pairs, &replay), Some(replay))
}

/// One logged input, as it is sent once more.
struct Input {
    /// The client, or the prediction's uid where there was none.
    client: String,
    body: Map<String, Value>,
}

/// The answers to one input.
struct Pair<'a> {
    client: &'a str,
    before: Result<Answer, String>,
    after: Result<Answer, String>,
}

/// The inputs that production was asked last for a client's sake, newest first.
async fn recent_inputs(console: &Console, most: usize) -> Result<Vec<Input>, StoreError> {
    let mut inputs = Vec::new();
    let mut page = console.database().recent(PAGE).await?;
    for _ in 0..PAGES {
        let Some(oldest) = page.last().map(LogRecord::uid) else { break };
        let for_clients =
            page.into_iter().filter(|record| record.purpose.is_none() && !record.input.is_empty());
        inputs.extend(for_clients.map(Input::of));
        if inputs.len() >= most {
            break;
        }
        page = console.database().recent_before(oldest, PAGE).await?;
    }
    inputs.truncate(most);
    Ok(inputs)
}

impl Input {
    /// One without a client was drawn by its uid: by that it is drawn again, the same on both sides.
    fn of(record: LogRecord) -> Self {
        let client = record.client_id.clone().unwrap_or_else(|| record.uid().to_string());
        let mut body = record.input;
        body.insert("client_id".to_owned(), client.clone().into());
        Self { client, body }
    }
}

fn compared(current_version: u64, pairs: &[Pair<'_>]) -> Replay {
    let answered = pairs
        .iter()
        .filter_map(|pair| Some((pair.client, pair.before.as_ref().ok()?, pair.after.as_ref().ok()?)));
    let answered: Vec<_> = answered.collect();
    // Of a client who asked more than once the newest counts: inputs are newest first.
    let mut clients = BTreeMap::new();
    for (client, before, after) in &answered {
        clients.entry(*client).or_insert((before.answered.is_high_risk(), after.answered.is_high_risk()));
    }
    let flipped = |to: bool| {
        let flips = clients.values().filter(|(before, after)| {
            // No prediction is no high risk.
            let (before, after) = (*before == Some(true), *after == Some(true));
            before != after && after == to
        });
        flips.count() as u64
    };
    let (before, after): (Vec<_>, Vec<_>) = clients.values().copied().unzip();
    let probabilities = |answers: Vec<&Answer>| {
        let probabilities: Vec<_> = answers.iter().filter_map(|answer| answer.told.probability).collect();
        Histogram::of(&probabilities)
    };
    let mut took: Vec<_> = pairs.iter().filter_map(|pair| Some(pair.after.as_ref().ok()?.took)).collect();
    took.sort_unstable();
    Replay {
        current_version,
        inputs: pairs.len() as u64,
        clients: clients.len() as u64,
        errors: (pairs.len() - answered.len()) as u64,
        flipped_to_yes: flipped(true),
        flipped_to_no: flipped(false),
        high_risk_before: share_of_yes(&before),
        high_risk_after: share_of_yes(&after),
        before: probabilities(answered.iter().map(|(_, before, _)| *before).collect()),
        after: probabilities(answered.iter().map(|(_, _, after)| *after).collect()),
        latency_p50_ms: percentile(&took, 50),
        latency_p99_ms: percentile(&took, 99),
    }
}

/// The share of high risk among those who get a prediction.
fn share_of_yes(answers: &[Option<bool>]) -> f64 {
    let predicted = answers.iter().flatten().count();
    let high = answers.iter().filter(|answer| **answer == Some(true)).count();
    if predicted == 0 { 0.0 } else { high as f64 / predicted as f64 }
}

/// The least duration, in milliseconds, that so many percent do not exceed; 0 of none.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}

fn judged(case: &Case<'_>, pairs: &[Pair<'_>], replay: &Replay) -> Check {
    let settings = case.console.settings();
    let mut findings = Findings::default();
    let (p99, most) = (replay.latency_p99_ms, settings.replay_max_p99_milliseconds as f64);
    if p99 > most {
        findings.note(format!("the 99th percentile of staging's answers is {p99:.0} ms, over {most:.0} ms"));
    }
    let (flipped, most) = (replay.flipped() * 100.0, f64::from(settings.replay_max_flip_percent));
    if flipped > most {
        findings
            .note(format!("`high_risk` changes for {flipped:.1} percent of clients, over {most} percent"));
    }
    let errors = pairs.iter().flat_map(|pair| [pair.before.as_ref().err(), pair.after.as_ref().err()]);
    for error in errors.flatten() {
        findings.note(error.clone());
    }
    let summary = format!(
        "{} inputs of {} clients against version {}: {} errors, {} become high risk, {} no longer are, p99 {p99:.0} ms",
        replay.inputs,
        replay.clients,
        replay.current_version,
        replay.errors,
        replay.flipped_to_yes,
        replay.flipped_to_no,
    );
    findings.into_check(CheckName::Replay, summary)
}
