//! What the document's own schema says of a field: its meaning and its range. The form repeats nothing of it.

use std::sync::LazyLock;

use bellwether_core::config::{ConfigDocument, ContactValue, DriftLimits};
use serde_json::Value;
use utoipa::PartialSchema as _;

static PROPERTIES: LazyLock<Value> = LazyLock::new(|| {
    let schema = serde_json::to_value(ConfigDocument::schema()).unwrap_or_default();
    let mut properties = schema.get("properties").cloned().unwrap_or_default();
    let nested = [
        ("drift", serde_json::to_value(DriftLimits::schema())),
        ("contact_value", serde_json::to_value(ContactValue::schema())),
    ];
    for (field, schema) in nested {
        let schema = schema.unwrap_or_default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            properties[format!("{field}.{name}")] = property.clone();
        }
    }
    properties
});

/// The schema, asked by a field's name, or by its path as `drift.psi`.
pub(super) struct Hints(&'static Value);

impl Hints {
    pub(super) fn new() -> Self {
        Self(&PROPERTIES)
    }

    /// What a field means.
    pub(super) fn of(&self, field: &str) -> &'static str {
        let property = &self.0[field];
        // A field of a type with a name of its own has its words beside the reference.
        let described =
            property["description"].as_str().or_else(|| property["oneOf"][0]["description"].as_str());
        described.unwrap_or_default()
    }

    /// The least value that it takes.
    pub(super) fn min(&self, field: &str) -> String {
        self.bound(field, "minimum")
    }

    /// The greatest value that it takes.
    pub(super) fn max(&self, field: &str) -> String {
        self.bound(field, "maximum")
    }

    fn bound(&self, field: &str, which: &str) -> String {
        self.0[field][which].as_f64().map(|bound| bound.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Hints;

    #[test]
    fn every_field_of_the_form_is_explained_by_the_schema() {
        for field in [
            "proba_cutoff",
            "arms",
            "shadow",
            "heuristic_percentage",
            "holdout_percentage",
            "experiment_salt",
            "email",
            "recent_window_seconds",
            "drift",
            "drift.psi",
            "drift.minimum_rows",
            "outcome_window_days",
            "contact_value",
            "contact_value.kept_share",
        ] {
            assert!(!Hints::new().of(field).is_empty(), "{field}");
        }
        assert_eq!(
            (Hints::new().min("proba_cutoff"), Hints::new().max("proba_cutoff")),
            ("0.09".into(), "0.99".into())
        );
    }
}
