//! The form that asks what the score would be with other values: its fields, and the customer they describe.

use std::collections::{BTreeMap, BTreeSet};

use bellwether_core::bundle::Feature;
use bellwether_core::customer::{Customer, FieldError, InputKind, InvalidCustomer};
use bellwether_core::prediction::Snapshot;
use bellwether_pages::Fields;
use bellwether_web::Problem;
use chrono::NaiveDate;
use serde_json::{Map, Number, Value};

use super::shown::typed;

/// One input of the form.
pub(super) struct InputField {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) value: String,
    /// What is stored, as it is typed; empty where nothing is.
    pub(super) stored: String,
    /// Levels that a model knows.
    pub(super) levels: Vec<String>,
    pub(super) error: Option<String>,
}

impl InputField {
    pub(super) fn changed(&self) -> bool {
        self.value.trim() != self.stored
    }
}

/// The form as it starts: what is stored of a client.
pub(super) fn stored(live: &Snapshot, customer: &Customer) -> Vec<InputField> {
    let known = customer.to_json(&live.schema);
    let levels = levels(live);
    let fields = live.schema.names().zip(live.schema.kinds()).map(|(name, kind)| {
        let value = known.get(name).map(typed).unwrap_or_default();
        InputField {
            name: name.to_owned(),
            kind: match kind {
                InputKind::Number => "number",
                InputKind::Category { .. } => "text",
                InputKind::Date => "date",
            },
            stored: value.clone(),
            value,
            levels: levels.get(name).map(|levels| levels.iter().cloned().collect()).unwrap_or_default(),
            error: None,
        }
    });
    fields.collect()
}

/// Fills in what was typed, and answers the customer it describes; where it describes none, every field at fault says
/// why, and so does the answer.
///
/// # Errors
/// Why there is no such customer, for a person.
pub(super) fn typed_in(
    fields: &mut [InputField],
    form: &Fields,
    live: &Snapshot,
    client_id: &str,
    today: NaiveDate,
) -> Result<Customer, String> {
    let mut body = Map::from_iter([("client_id".to_owned(), Value::from(client_id))]);
    for field in fields.iter_mut() {
        form.first(&format!("value.{}", field.name)).clone_into(&mut field.value);
        match value(field.kind, field.value.trim()) {
            Ok(Some(value)) => drop(body.insert(field.name.clone(), value)),
            Ok(None) => {}
            Err(why) => field.error = Some(why),
        }
    }
    if fields.iter().any(|field| field.error.is_some()) {
        return Err("Some values cannot be taken: they are marked below.".to_owned());
    }
    if body.len() == 1 {
        return Err("Fill in one value at least.".to_owned());
    }
    let body = serde_json::to_vec(&body).map_err(|error| Problem::internal(&error).detail().to_owned())?;
    match Customer::parse(&body, &live.schema, today) {
        Ok(customer) => Ok(customer),
        Err(InvalidCustomer::Fields(faults)) => {
            for FieldError { field: name, message } in faults {
                if let Some(field) = fields.iter_mut().find(|field| field.name == name) {
                    field.error = Some(message);
                }
            }
            Err("Some values cannot be taken: they are marked below.".to_owned())
        }
        Err(InvalidCustomer::NotJson(why)) => Err(why),
    }
}

/// A typed value as a request would give it; none where nothing was typed.
fn value(kind: &str, typed: &str) -> Result<Option<Value>, String> {
    if typed.is_empty() {
        return Ok(None);
    }
    if kind != "number" {
        return Ok(Some(typed.into()));
    }
    let number: Option<f64> = typed.replace(',', ".").parse().ok();
    match number.and_then(Number::from_f64) {
        Some(number) => Ok(Some(number.into())),
        None => Err("expected a number, as 12.5".to_owned()),
    }
}

/// The levels of each category that some live model knows.
fn levels(live: &Snapshot) -> BTreeMap<&str, BTreeSet<String>> {
    let mut all: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for feature in live.models.iter().flat_map(|model| &model.bundle.manifest().features) {
        if let Feature::Categorical(category) = feature {
            let named = category.levels.iter().map(|level| &level.value).chain(&category.rare);
            let given = named.filter(|level| !["missing", "sparse_combined"].contains(&level.as_str()));
            all.entry(&category.name).or_default().extend(given.cloned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_typed_value_is_a_number_a_text_or_nothing() {
        assert_eq!(value("number", "12,5"), Ok(Some(json!(12.5))));
        assert_eq!(value("text", "12"), Ok(Some(json!("12"))));
        assert_eq!(value("date", ""), Ok(None));
        for odd in ["a", "NaN", "inf", "1e999", "1.2.3"] {
            assert!(value("number", odd).is_err(), "{odd}");
        }
    }
}
