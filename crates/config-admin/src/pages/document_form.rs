//! A document as a form: texts as they were typed, so that nothing typed is lost, and what is wrong with each.

use std::collections::BTreeMap;

use bellwether_core::config::{Arm, ConfigDocument, EmailPolicy, Percentage, SCHEMA};
use bellwether_core::customer::FieldError;

use super::judging_form::{self, JudgingFields, JudgingInput};
use crate::access::Fields;

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentForm {
    /// The production version that it is made from.
    pub(super) base: u64,
    /// The proposal's revision, where one is edited.
    pub(super) revision: Option<u64>,
    /// The document as JSON, where it is typed so.
    pub(super) json: Option<String>,
    pub(super) proba_cutoff: String,
    pub(super) arms: Vec<ArmFields>,
    pub(super) shadow: Vec<String>,
    pub(super) heuristic_percentage: String,
    pub(super) holdout_percentage: String,
    pub(super) experiment_salt: String,
    pub(super) email: String,
    pub(super) email_recipients: String,
    pub(super) recent_window_seconds: String,
    pub(super) judging: JudgingFields,
    pub(super) reason: String,
    /// The SHA-256 of the document whose moves were confirmed.
    pub(super) confirmed: String,
}

/// One arm as typed, and where its errors stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArmFields {
    pub(super) model: String,
    pub(super) percentage: String,
    pub(super) model_path: String,
    pub(super) percentage_path: String,
    /// Whether no list names the model.
    pub(super) unknown: bool,
}

impl ArmFields {
    fn at(at: usize, model: &str, percentage: &str) -> Self {
        Self {
            model: model.to_owned(),
            percentage: percentage.to_owned(),
            model_path: format!("arms[{at}].model"),
            percentage_path: format!("arms[{at}].percentage"),
            unknown: false,
        }
    }
}

impl DocumentForm {
    /// A document, ready to be changed.
    pub(super) fn of(document: &ConfigDocument, base: u64) -> Self {
        let email = match document.email {
            EmailPolicy::None => "none",
            EmailPolicy::HighRisk => "high_risk",
            EmailPolicy::All => "all",
        };
        let arms = document.arms.iter().enumerate();
        Self {
            base,
            revision: None,
            json: None,
            proba_cutoff: document.proba_cutoff.to_string(),
            arms: arms.map(|(at, arm)| ArmFields::at(at, &arm.model, &arm.percentage.to_string())).collect(),
            shadow: document.shadow.clone(),
            heuristic_percentage: document.heuristic_percentage.to_string(),
            holdout_percentage: document.holdout_percentage.to_string(),
            experiment_salt: document.experiment_salt.clone(),
            email: email.to_owned(),
            email_recipients: document.email_recipients.clone().unwrap_or_default().join("\n"),
            recent_window_seconds: document.recent_window_seconds.to_string(),
            judging: JudgingFields::of(document),
            reason: String::new(),
            confirmed: String::new(),
        }
    }

    /// What was sent.
    pub(super) fn from_fields(fields: &Fields) -> Self {
        let text = |name: &str| fields.first(name).trim().to_owned();
        let arms = fields.all("arm_model").zip(fields.all("arm_percentage")).enumerate();
        Self {
            base: text("base").parse().unwrap_or(0),
            revision: text("revision").parse().ok(),
            json: (fields.first("mode") == "json").then(|| fields.first("document").to_owned()),
            proba_cutoff: text("proba_cutoff"),
            arms: arms
                .map(|(at, (model, percent))| ArmFields::at(at, model.trim(), percent.trim()))
                .collect(),
            shadow: fields.all("shadow").map(str::to_owned).collect(),
            heuristic_percentage: text("heuristic_percentage"),
            holdout_percentage: text("holdout_percentage"),
            experiment_salt: fields.first("experiment_salt").to_owned(),
            email: text("email"),
            email_recipients: fields.first("email_recipients").to_owned(),
            recent_window_seconds: text("recent_window_seconds"),
            judging: JudgingFields::from_fields(fields),
            reason: fields.first("reason").to_owned(),
            confirmed: text("confirmed"),
        }
    }

    /// Adds an arm with no share, of the first model that has none.
    pub(super) fn add_arm(&mut self, models: impl Iterator<Item = String>) {
        let mut free = models.filter(|model| !self.arms.iter().any(|arm| arm.model == *model));
        let model = free.next().unwrap_or_default();
        self.arms.push(ArmFields::at(self.arms.len(), &model, "0"));
    }

    /// Takes an arm away.
    pub(super) fn remove_arm(&mut self, at: usize) {
        if at < self.arms.len() && self.arms.len() > 1 {
            self.arms.remove(at);
            let arms = self.arms.iter().enumerate();
            self.arms = arms.map(|(at, arm)| ArmFields::at(at, &arm.model, &arm.percentage)).collect();
        }
    }

    /// The two shares beside the models': name, label and what was typed.
    pub(super) fn shares(&self) -> [(&'static str, &'static str, &str); 2] {
        [
            ("heuristic_percentage", "Heuristic, in percent", &self.heuristic_percentage),
            ("holdout_percentage", "Holdout, in percent", &self.holdout_percentage),
        ]
    }

    /// What a document need not say: each group's legend, what holds where it is left empty, and its inputs.
    pub(super) fn judged(&self) -> [(&'static str, &'static str, Vec<JudgingInput<'_>>); 2] {
        let defaults = "Nothing here changes an answer. What is left empty stands at its default.";
        let untold =
            "Nothing here changes an answer. Left empty, contacts are taken to cost and to keep nothing.";
        [
            ("Drift", defaults, self.judging.limits()),
            ("Experiments", untold, self.judging.experiments().into()),
        ]
    }

    /// The document that was typed, not yet checked beyond what types can say.
    ///
    /// # Errors
    /// Every field that is not of its type.
    pub(super) fn document(&self) -> Result<ConfigDocument, Vec<FieldError>> {
        if let Some(json) = &self.json {
            return serde_json::from_str(json)
                .map_err(|error| vec![fault("document", format!("cannot be read: {error}"))]);
        }
        let mut faults = Vec::new();
        let document = ConfigDocument {
            schema: SCHEMA,
            proba_cutoff: number(&self.proba_cutoff, "proba_cutoff", &mut faults),
            arms: self.arms(&mut faults),
            shadow: self.shadow.clone(),
            heuristic_percentage: share(&self.heuristic_percentage, "heuristic_percentage", &mut faults),
            holdout_percentage: share(&self.holdout_percentage, "holdout_percentage", &mut faults),
            experiment_salt: self.experiment_salt.clone(),
            email: self.email(&mut faults),
            email_recipients: self.recipients(),
            recent_window_seconds: self.recent_window_seconds.parse().unwrap_or_else(|_| {
                let message = format!("expected a whole number, not `{}`", self.recent_window_seconds);
                faults.push(fault("recent_window_seconds", message));
                1
            }),
            drift: self.judging.drift(&mut faults),
            outcome_window_days: self.judging.outcome_window_days(&mut faults),
            contact_value: self.judging.contact_value(&mut faults),
        };
        if faults.is_empty() { Ok(document) } else { Err(faults) }
    }

    fn arms(&self, faults: &mut Vec<FieldError>) -> Vec<Arm> {
        let arm = |arm: &ArmFields| Arm {
            model: arm.model.clone(),
            percentage: share(&arm.percentage, &arm.percentage_path, faults),
        };
        self.arms.iter().map(arm).collect()
    }

    fn email(&self, faults: &mut Vec<FieldError>) -> EmailPolicy {
        match self.email.as_str() {
            "none" => EmailPolicy::None,
            "high_risk" => EmailPolicy::HighRisk,
            "all" => EmailPolicy::All,
            _ => {
                faults.push(fault("email", "expected one of the choices".to_owned()));
                EmailPolicy::None
            }
        }
    }

    /// No address at all means the operator's recipients.
    fn recipients(&self) -> Option<Vec<String>> {
        let lines = self.email_recipients.split(['\n', ',', ';']).map(str::trim);
        let recipients: Vec<String> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
        (!recipients.is_empty()).then_some(recipients)
    }
}

pub(super) fn fault(field: &str, message: String) -> FieldError {
    FieldError { field: field.to_owned(), message }
}

/// A number as people type it: a comma will do.
pub(super) fn number(text: &str, field: &str, faults: &mut Vec<FieldError>) -> f64 {
    match text.replace(',', ".").parse::<f64>() {
        Ok(number) if number.is_finite() => number,
        _ => {
            faults.push(fault(field, format!("expected a number, not `{text}`")));
            0.0
        }
    }
}

fn share(text: &str, field: &str, faults: &mut Vec<FieldError>) -> Percentage {
    let before = faults.len();
    let percent = number(text.trim_end_matches('%').trim_end(), field, faults);
    if faults.len() > before {
        return Percentage::NONE;
    }
    Percentage::try_from(percent).unwrap_or_else(|message| {
        faults.push(fault(field, message));
        Percentage::NONE
    })
}

/// What is wrong, by field.
#[derive(Debug, Default)]
pub(super) struct Errors(BTreeMap<String, String>);

/// One line of the list at the top of a form.
pub(super) struct ErrorLine {
    pub(super) label: String,
    pub(super) message: String,
    /// The id of the input that it is about, where there is one.
    pub(super) anchor: Option<String>,
}

impl Errors {
    pub(super) fn new(faults: Vec<FieldError>) -> Self {
        let mut errors = Self::default();
        for FieldError { field, message } in faults {
            errors.0.entry(field).and_modify(|told| *told = format!("{told}; {message}")).or_insert(message);
        }
        errors
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// What is wrong with a list or any entry of it.
    pub(super) fn below(&self, field: &str) -> String {
        self.of_list(field).collect::<Vec<_>>().join("; ")
    }

    pub(super) fn has_below(&self, field: &str) -> bool {
        self.of_list(field).next().is_some()
    }

    fn of_list<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        let of_it = self.0.iter().filter(move |(name, _)| {
            name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        });
        of_it.map(|(_, message)| message.as_str())
    }

    pub(super) fn all(&self) -> Vec<ErrorLine> {
        let line = |(field, message): (&String, &String)| ErrorLine {
            label: field.clone(),
            message: message.clone(),
            anchor: anchor(field),
        };
        self.0.iter().map(line).collect()
    }
}

/// The input that a path is about.
fn anchor(field: &str) -> Option<String> {
    if let Some((at, part)) = field.strip_prefix("arms[").and_then(|rest| rest.split_once("].")) {
        return Some(format!("arm_{part}_{at}"));
    }
    let name = field.split('[').next().unwrap_or(field);
    let known = [
        "document",
        "proba_cutoff",
        "arms",
        "shadow",
        "heuristic_percentage",
        "holdout_percentage",
        "experiment_salt",
        "email",
        "email_recipients",
        "recent_window_seconds",
        "reason",
    ];
    let judged = judging_form::anchor(name).map(str::to_owned);
    known.contains(&name).then(|| name.to_owned()).or(judged)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bellwether_core::config::{ContactValue, DriftLimits};

    use super::*;

    fn document() -> ConfigDocument {
        let mut document = ConfigDocument::initial("one");
        document.arms = vec![
            Arm { model: "one".into(), percentage: Percentage::try_from(66.67).unwrap() },
            Arm { model: "two".into(), percentage: Percentage::try_from(33.33).unwrap() },
        ];
        document.email_recipients = Some(vec!["a@example.org".into(), "b@example.org".into()]);
        document.shadow = vec!["three".into()];
        document.drift = Some(DriftLimits { psi: 0.25, ..DriftLimits::default() });
        document.outcome_window_days = Some(60);
        document.contact_value = Some(ContactValue { contact_cost: 2.5, kept_share: 0.1 });
        document
    }

    #[test]
    fn a_document_comes_back_from_its_form_as_it_was() {
        assert_eq!(DocumentForm::of(&document(), 3).document().unwrap(), document());
        assert_eq!(
            DocumentForm::of(&ConfigDocument::initial("one"), 1).document().unwrap(),
            ConfigDocument::initial("one")
        );
    }

    #[test]
    fn every_field_that_is_not_of_its_type_is_named() {
        let mut form = DocumentForm::of(&document(), 3);
        form.proba_cutoff = "high".into();
        form.arms[1].percentage = "a third".into();
        form.holdout_percentage = "0.001".into();
        form.recent_window_seconds = "a day".into();
        let faults = form.document().unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            fields,
            ["proba_cutoff", "arms[1].percentage", "holdout_percentage", "recent_window_seconds"]
        );
    }

    #[test]
    fn commas_and_percent_signs_are_understood() {
        let mut form = DocumentForm::of(&document(), 3);
        form.proba_cutoff = "0,7".into();
        form.arms[0].percentage = "66,67 %".into();
        let typed = form.document().unwrap();
        assert_eq!((typed.proba_cutoff, typed.arms[0].percentage.buckets()), (0.7, 6_667));
    }

    #[test]
    fn arms_are_added_and_taken_away_with_their_places_counted_anew() {
        let mut form = DocumentForm::of(&document(), 3);
        form.add_arm(["one", "two", "four"].into_iter().map(str::to_owned));
        assert_eq!(form.arms[2].model, "four");
        form.remove_arm(0);
        assert_eq!(
            form.arms.iter().map(|arm| arm.model_path.as_str()).collect::<Vec<_>>(),
            ["arms[0].model", "arms[1].model"]
        );
    }

    #[test]
    fn an_error_of_an_arm_leads_to_its_input() {
        assert_eq!(anchor("arms[1].percentage").as_deref(), Some("arm_percentage_1"));
        assert_eq!(anchor("email_recipients[0]").as_deref(), Some("email_recipients"));
        assert_eq!(anchor("drift.psi").as_deref(), Some("drift.psi"));
        assert_eq!(anchor("contact_value").as_deref(), Some("contact_value.contact_cost"));
        assert_eq!(anchor("schema"), None);
    }
}
