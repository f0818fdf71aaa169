//! What every check of a trial works with: the document, the version that it is in staging, and a way to ask staging's
//! api that looks at each answer.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::change::CheckName;
use bellwether_core::config::ConfigDocument;
use serde_json::{Map, Value};

use super::findings::Findings;
use super::roster::Roster;
use crate::console::Console;
use crate::environment::{Answered, EnvironmentApi, Particulars};

/// After so many calls in a row without any answer no more are made.
const SILENCES: u32 = 3;
/// How far two numbers may be apart that are the same after their way through JSON.
const SAME: f64 = 1e-12;

/// One trial.
pub(super) struct Case<'a> {
    pub console: &'a Console,
    pub proposal: u64,
    pub document: &'a ConfigDocument,
    pub stage_version: u64,
    pub stage: Line<'a>,
    /// Whose answers count: those who took the version up.
    pub roster: Roster,
    answers: AtomicU64,
    cutoff: Mutex<Findings>,
}

/// What is sent.
pub(super) enum Sent<'a> {
    /// Made for trials: what an api says of it may be told.
    OfNobody(&'a Map<String, Value>),
    /// What a client once sent: an api that refuses it may quote it, so that nothing but the status is told.
    OfClient(&'a Map<String, Value>),
}

impl Sent<'_> {
    fn body(&self) -> &Map<String, Value> {
        match self {
            Self::OfNobody(body) | Self::OfClient(body) => body,
        }
    }
}

/// An answer that is of the right version.
pub(super) struct Answer {
    pub answered: Answered,
    pub told: Particulars,
    pub took: Duration,
}

/// One api, called until it is silent.
pub(super) struct Line<'a> {
    api: &'a EnvironmentApi,
    version: u64,
    silences: AtomicU32,
}

impl<'a> Line<'a> {
    /// An api that is to answer by a version of its config.
    pub(super) fn new(api: &'a EnvironmentApi, version: u64) -> Self {
        Self { api, version, silences: AtomicU32::new(0) }
    }

    /// Asks for one prediction; an error says why there is none of that version, in words that follow what was sent.
    pub(super) async fn ask(&self, input: &Sent<'_>) -> Result<Answer, String> {
        if self.silences.load(Ordering::Relaxed) >= SILENCES {
            return Err(format!("was not sent: {SILENCES} calls in a row were not answered"));
        }
        let (mut answered, took) = match self.api.predict(input.body()).await {
            Ok(answer) => answer,
            Err(error) => {
                if error.is_silence() {
                    self.silences.fetch_add(1, Ordering::Relaxed);
                }
                return Err(match input {
                    Sent::OfNobody(_) => format!("was not answered: {error}"),
                    Sent::OfClient(_) => format!("was not answered: {}", error.without_its_words()),
                });
            }
        };
        self.silences.store(0, Ordering::Relaxed);
        if answered.config_version != self.version {
            let (got, wanted) = (answered.config_version, self.version);
            return Err(format!("was answered by version {got}, not by version {wanted}"));
        }
        let told = answered.trial.take();
        let told = told.ok_or("was answered without the particulars that a trial is told".to_owned())?;
        Ok(Answer { answered, told, took })
    }
}

impl<'a> Case<'a> {
    pub(super) fn new(
        console: &'a Console,
        proposal: u64,
        document: &'a ConfigDocument,
        stage_version: u64,
    ) -> Self {
        let stage = Line::new(&console.stage().api, stage_version);
        let (answers, cutoff) = (AtomicU64::new(0), Mutex::default());
        let roster = Roster::default();
        Self { console, proposal, document, stage_version, stage, roster, answers, cutoff }
    }

    /// Asks staging, and holds the answer's `high_risk` against the cutoff. `what` names what is sent, as `row 3`.
    pub(super) async fn ask(&self, what: &str, input: &Map<String, Value>) -> Result<Answer, String> {
        self.send(what, Sent::OfNobody(input)).await
    }

    /// The same, of whatever is sent.
    pub(super) async fn send(&self, what: &str, input: Sent<'_>) -> Result<Answer, String> {
        let answer = self.stage.ask(&input).await;
        self.console.progress().advance(self.proposal);
        let answer = answer.map_err(|error| format!("{what} {error}"))?;
        let replica = &answer.told.replica;
        if !self.roster.has(replica) {
            return Err(format!(
                "{what} was answered by replica {replica}, which is none of those that are tried"
            ));
        }
        if let Some((model, why)) = answer.told.cut_off.first_key_value() {
            return Err(format!(
                "{what} was not scored by model {model}, which was cut off: {}",
                in_words(why)
            ));
        }
        self.answers.fetch_add(1, Ordering::Relaxed);
        for finding in disagreements(self.document.proba_cutoff, &answer) {
            let mut cutoff = self.cutoff.lock().unwrap_or_else(PoisonError::into_inner);
            cutoff.note(format!("{what} {finding}"));
        }
        Ok(answer)
    }

    /// Tells the page which check runs, and how much there is to do.
    pub(super) fn begin(&self, check: CheckName, of: usize) {
        self.console.progress().begin(self.proposal, check, of as u64);
    }

    /// How many answers were held against the cutoff, and which did not agree.
    pub(super) fn cutoff(&self) -> (u64, Findings) {
        let findings = self.cutoff.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (self.answers.load(Ordering::Relaxed), findings)
    }
}

/// Why a model was cut off, for people.
fn in_words(why: &str) -> &str {
    match why {
        "late" => "it did not score in time",
        "panicked" => "it panicked",
        "failed" => "it failed",
        "busy" => "it was busy with earlier calls",
        other => other,
    }
}

/// Where an answer's `high_risk` does not follow from its probability and the document's cutoff.
fn disagreements(cutoff: f64, answer: &Answer) -> Vec<String> {
    let Answer { answered, told, .. } = answer;
    let mut found = Vec::new();
    if (told.proba_cutoff - cutoff).abs() > SAME {
        let replica = &told.replica;
        let used = told.proba_cutoff;
        found.push(format!("was held against the cutoff {used} by replica {replica}, not against {cutoff}"));
    }
    let expected = told.probability.map(|probability| probability >= cutoff);
    if answered.is_high_risk() != expected || answered.high_risk.is_some() != expected.is_some() {
        let probability = told.probability.map_or_else(|| "null".to_owned(), |p| p.to_string());
        let said = answered.high_risk.as_deref().unwrap_or("null");
        found.push(format!("has the probability {probability} and is answered `high_risk`: {said}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bellwether_core::treatment::Treatment;

    use super::*;

    fn answer(probability: Option<f64>, high_risk: Option<&str>, proba_cutoff: f64) -> Answer {
        let told = Particulars {
            scores: BTreeMap::new(),
            cut_off: BTreeMap::new(),
            arm: "a".to_owned(),
            probability,
            proba_cutoff,
            replica: "api-0".to_owned(),
        };
        let answered = Answered {
            prediction: probability,
            high_risk: high_risk.map(str::to_owned),
            treatment: Treatment::Model,
            model: None,
            config_version: 1,
            trial: None,
        };
        Answer { answered, told, took: Duration::ZERO }
    }

    #[test]
    fn high_risk_has_to_follow_from_the_unrounded_probability_and_the_document_s_cutoff() {
        for (probability, high_risk) in [(Some(0.7), "yes"), (Some(0.69999), "no"), (Some(1.0), "yes")] {
            assert!(disagreements(0.7, &answer(probability, Some(high_risk), 0.7)).is_empty());
        }
        assert!(disagreements(0.7, &answer(None, None, 0.7)).is_empty(), "a holdout");
        for wrong in [
            answer(Some(0.69999), Some("yes"), 0.7),
            answer(Some(0.7), Some("no"), 0.7),
            answer(Some(0.7), None, 0.7),
            answer(Some(0.7), Some("maybe"), 0.7),
            answer(None, Some("no"), 0.7),
            answer(Some(0.9), Some("yes"), 0.65),
        ] {
            assert_eq!(disagreements(0.7, &wrong).len(), 1);
        }
    }
}
