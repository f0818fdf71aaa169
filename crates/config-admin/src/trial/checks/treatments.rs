//! Whether the live api does with a client what the draw says: one request for every treatment and every arm.

use bellwether_core::change::{Check, CheckName};
use bellwether_core::treatment::Treatment;
use serde_json::{Map, Value};

use crate::trial::case::{Answer, Case};
use crate::trial::findings::{Findings, not_run};
use crate::trial::ids;

/// What a client may get: a treatment, by an arm where it is a model's.
#[derive(Clone, Copy)]
struct Way<'a> {
    treatment: Treatment,
    arm: Option<(usize, &'a str)>,
}

/// Sends a request for every way.
pub(in crate::trial) async fn treatments(case: &Case<'_>) -> Check {
    let ways = ways(case);
    case.begin(CheckName::Treatments, ways.len());
    let input = match input(case).await {
        Ok(input) => input,
        Err(reason) => return not_run(CheckName::Treatments, reason),
    };
    let mut findings = Findings::default();
    for way in &ways {
        if let Some(fault) = fault_of(case, *way, &input).await {
            findings.note(fault);
        }
    }
    let told: Vec<_> = ways.iter().map(Way::name).collect();
    findings.into_check(CheckName::Treatments, format!("one request each for {}", told.join(", ")))
}

/// Every way that any client goes.
fn ways<'a>(case: &Case<'a>) -> Vec<Way<'a>> {
    let [holdout, heuristic, model] = ids::shares(case.document);
    let without_arm = [(Treatment::Holdout, holdout), (Treatment::Heuristic, heuristic)];
    let mut ways: Vec<_> = without_arm
        .into_iter()
        .filter(|(_, share)| *share > 0)
        .map(|(treatment, _)| Way { treatment, arm: None })
        .collect();
    if model > 0 {
        let arms = case.document.arms.iter().enumerate().filter(|(_, arm)| arm.percentage.buckets() > 0);
        ways.extend(
            arms.map(|(at, arm)| Way { treatment: Treatment::Model, arm: Some((at, arm.model.as_str())) }),
        );
    }
    ways
}

/// An input that every model takes.
async fn input(case: &Case<'_>) -> Result<Map<String, Value>, String> {
    let model = case.document.arms.first().map_or("", |arm| arm.model.as_str());
    let parity = case.console.stage().api.parity(model).await;
    let rows = parity.map_err(|error| format!("an input was asked of staging's api: {error}"))?.rows;
    rows.into_iter().next().map(|row| row.input).ok_or_else(|| format!("model {model} has no parity rows"))
}

/// What is wrong with the answer to a client who is drawn this way, if anything.
async fn fault_of(case: &Case<'_>, way: Way<'_>, input: &Map<String, Value>) -> Option<String> {
    let (treatment, arm) = (way.treatment, way.arm.map(|(at, _)| at));
    let id = ids::drawn(case.document, move |assignment| {
        assignment.treatment == treatment && arm.is_none_or(|arm| assignment.arm == arm)
    });
    let name = way.name();
    let Some(id) = id.await else {
        return Some(format!("no id is drawn for {name} among the first that were looked through"));
    };
    let mut input = input.clone();
    input.insert("client_id".to_owned(), id.into());
    let answer = match case.ask(&format!("the request for {name}"), &input).await {
        Ok(answer) => answer,
        Err(error) => return Some(error),
    };
    (!way.is_that_of(&answer)).then(|| {
        let by = answer.answered.model.as_deref().unwrap_or("no model");
        format!("the request for {name} was answered by {}, {by}", answer.answered.treatment.as_str())
    })
}

impl Way<'_> {
    fn name(&self) -> String {
        match self.arm {
            Some((_, model)) => format!("arm {model}"),
            None => self.treatment.as_str().to_owned(),
        }
    }

    /// Whether an answer went this way.
    fn is_that_of(&self, Answer { answered, told, .. }: &Answer) -> bool {
        let by_model = self.arm.is_none_or(|(_, model)| told.arm == model);
        let answers = match self.treatment {
            Treatment::Model => answered.model.as_deref() == self.arm.map(|(_, model)| model),
            Treatment::Heuristic => answered.model.is_none() && answered.prediction.is_some(),
            Treatment::Holdout => answered.model.is_none() && answered.prediction.is_none(),
        };
        answered.treatment == self.treatment && by_model && answers
    }
}
