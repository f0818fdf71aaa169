//! From text to a config document. Every field at fault is named, so that one slip does not hide the next.

use serde_json::{Map, Value};

use super::{ConfigDocument, fault};
use crate::customer::FieldError;

/// Reads a document that may break its own rules.
///
/// # Errors
/// Every field that cannot be read by its path, and of the others those that break a rule; `document` where
/// the text as a whole cannot be read.
pub(super) fn read(json: &str) -> Result<ConfigDocument, Vec<FieldError>> {
    serde_json::from_str(json).map_err(|error| {
        let faults = field_by_field(json);
        if faults.is_empty() { vec![fault("document", &format!("cannot be read: {error}"))] } else { faults }
    })
}

/// Reads each field by itself; none at fault where the text is no object.
fn field_by_field(json: &str) -> Vec<FieldError> {
    let fields: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
    if fields.is_empty() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut sound = Map::from_iter([no_arms()]);
    if !fields.contains_key("arms") {
        faults.push(fault("arms", "is missing"));
    }
    for (name, value) in fields {
        match alone(&name, &value) {
            Ok(()) => {
                sound.insert(name, value);
            }
            Err(fault) => faults.push(fault),
        }
    }
    let unread: Vec<_> = faults.iter().map(|fault| root(&fault.field).to_owned()).collect();
    if let Ok(rest) = serde_json::from_value::<ConfigDocument>(Value::Object(sound)) {
        let known = |fault: &FieldError| unread.iter().any(|field| field == root(&fault.field));
        faults.extend(rest.faults().into_iter().filter(|fault| !known(fault)));
    }
    faults
}

/// What is wrong with a field that cannot be read.
fn alone(name: &str, value: &Value) -> Result<(), FieldError> {
    let document = Map::from_iter([no_arms(), (name.to_owned(), value.clone())]);
    let read: Result<ConfigDocument, _> = serde_path_to_error::deserialize(Value::Object(document));
    read.map(drop).map_err(|error| {
        let path = error.path().to_string();
        // An unknown key has no path.
        let field = if root(&path) == name { &path } else { name };
        fault(field, &error.inner().to_string())
    })
}

/// The one field that has no default, empty.
fn no_arms() -> (String, Value) {
    ("arms".to_owned(), Value::Array(Vec::new()))
}

/// The field that a path begins with: `arms` of `arms[1].percentage`.
fn root(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}
