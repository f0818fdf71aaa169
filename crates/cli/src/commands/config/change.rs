//! `--set FIELD=VALUE`: one change of a document, read by what the field holds already.

use std::str::FromStr;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    field: String,
    value: String,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').filter(|(field, _)| !field.trim().is_empty());
        let (field, value) =
            parts.ok_or("expected FIELD=VALUE, as proba_cutoff=0.7, arms.MODEL=80 or drift.psi=0.3")?;
        Ok(Self { field: field.trim().to_owned(), value: value.to_owned() })
    }
}

impl Change {
    /// Makes it. Whether the outcome is a document is for the console to say.
    ///
    /// # Errors
    /// Where the document is none, or a share is no number.
    pub(super) fn make(&self, document: &mut Value) -> anyhow::Result<()> {
        let fields = document.as_object_mut().context("expected a JSON object as document")?;
        if let Some(model) = self.field.strip_prefix("arms.") {
            let arms = fields.entry("arms").or_insert_with(|| json!([]));
            return self.make_arm(arms, model);
        }
        let (mut fields, mut name) = (fields, self.field.as_str());
        if let Some((group, field)) = name.split_once('.') {
            let group = fields.entry(group).or_insert_with(|| json!({}));
            if group.is_null() {
                *group = json!({});
            }
            fields = group.as_object_mut().with_context(|| format!("--set {}: no such field", self.field))?;
            name = field;
        }
        let value = self.read(fields.get(name));
        fields.insert(name.to_owned(), value);
        Ok(())
    }

    /// A text stays one, a list may be given by commas, and all else is JSON where it can be.
    fn read(&self, before: Option<&Value>) -> Value {
        let json = || serde_json::from_str(&self.value);
        match before {
            Some(Value::String(_)) => self.value.clone().into(),
            Some(Value::Array(_)) => match json() {
                Ok(value @ (Value::Array(_) | Value::Null)) => value,
                _ => self.value.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect(),
            },
            _ => json().unwrap_or_else(|_| self.value.clone().into()),
        }
    }

    /// A model that has no arm yet gets one.
    fn make_arm(&self, arms: &mut Value, model: &str) -> anyhow::Result<()> {
        let share: Value = serde_json::from_str(&self.value).unwrap_or_default();
        ensure!(share.is_number(), "--set {}: expected a number, not `{}`", self.field, self.value);
        let arms = arms.as_array_mut().context("expected a list as `arms`")?;
        match arms.iter_mut().find(|arm| arm["model"] == model) {
            Some(arm) => arm["percentage"] = share,
            None => arms.push(json!({ "model": model, "percentage": share })),
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn changed(changes: &[&str]) -> Value {
        let mut document = json!({
            "proba_cutoff": 0.65, "arms": [{"model": "bw-a", "percentage": 100}], "shadow": [],
            "experiment_salt": "bellwether", "email": "high_risk",
        });
        for change in changes {
            change.parse::<Change>().unwrap().make(&mut document).unwrap();
        }
        document
    }

    #[test]
    fn a_number_stays_a_number_and_a_text_a_text() {
        let document = changed(&["proba_cutoff=0.7", "experiment_salt=2027", "email=none"]);
        assert_eq!(document["proba_cutoff"], 0.7);
        assert_eq!(document["experiment_salt"], "2027");
        assert_eq!(document["email"], "none");
    }

    #[test]
    fn an_arm_is_named_by_its_model() {
        let arms = &changed(&["arms.bw-a=80", "arms.bw.b=20"])["arms"];
        let expected = json!([{"model": "bw-a", "percentage": 80}, {"model": "bw.b", "percentage": 20}]);
        assert_eq!(*arms, expected);
    }

    #[test]
    fn a_list_is_given_by_commas_or_as_json() {
        assert_eq!(changed(&["shadow=bw-b, bw-c"])["shadow"], json!(["bw-b", "bw-c"]));
        assert_eq!(changed(&[r#"shadow=["bw,b"]"#])["shadow"], json!(["bw,b"]));
        assert_eq!(changed(&["shadow="])["shadow"], json!([]));
    }

    #[test]
    fn a_field_within_a_group_is_named_by_its_path() {
        let document = changed(&["drift.psi=0.3", "drift.minimum_rows=500", "outcome_window_days=60"]);
        assert_eq!(document["drift"], json!({"psi": 0.3, "minimum_rows": 500}));
        assert_eq!(document["outcome_window_days"], 60);
        assert_eq!(changed(&["drift.psi=0.3", "drift=null"])["drift"], Value::Null);
        let within = "email.to=7".parse::<Change>().unwrap();
        assert!(within.make(&mut json!({"email": "none"})).is_err());
    }

    #[test]
    fn what_is_no_change_is_refused() {
        assert!("proba_cutoff".parse::<Change>().is_err());
        assert!("=0.7".parse::<Change>().is_err());
        let share = "arms.bw-a=most".parse::<Change>().unwrap();
        assert!(share.make(&mut json!({"arms": []})).is_err());
    }
}
