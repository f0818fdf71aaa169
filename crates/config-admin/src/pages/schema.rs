//! What the document's own schema says of a field: its meaning and its range. The form repeats nothing of it.

use std::sync::LazyLock;

use bellwether_core::config::ConfigDocument;
use serde_json::Value;
use utoipa::PartialSchema as _;

static PROPERTIES: LazyLock<Value> = LazyLock::new(|| {
    let schema = serde_json::to_value(ConfigDocument::schema()).unwrap_or_default();
    schema.get("properties").cloned().unwrap_or_default()
});

/// The schema, asked by a field's name.
pub(super) struct Hints;

impl Hints {
    /// What a field means.
    pub(super) fn of(&self, field: &str) -> &'static str {
        let property = &PROPERTIES[field];
        // A field of a type with a name of its own has its words beside the reference.
        let described =
            property["description"].as_str().or_else(|| property["oneOf"][0]["description"].as_str());
        described.unwrap_or_default()
    }

    /// The least value that it takes.
    pub(super) fn min(&self, field: &str) -> String {
        bound(field, "minimum")
    }

    /// The greatest value that it takes.
    pub(super) fn max(&self, field: &str) -> String {
        bound(field, "maximum")
    }
}

fn bound(field: &str, which: &str) -> String {
    PROPERTIES[field][which].as_f64().map(|bound| bound.to_string()).unwrap_or_default()
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
        ] {
            assert!(!Hints.of(field).is_empty(), "{field}");
        }
        assert_eq!((Hints.min("proba_cutoff"), Hints.max("proba_cutoff")), ("0.09".into(), "0.99".into()));
    }
}
