//! One layer over another: defaults, then a file, then the environment. Each is checked against the defaults,
//! which say what there is and of what type it is.

use std::path::Path;

use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Value};

use crate::DEFAULTS;
use crate::load::{PREFIX, Problem};
use crate::secrets::Reference;

/// The layers laid over one another, and the defaults below them.
pub(crate) struct Layers {
    pub(crate) known: Dict,
    pub(crate) merged: Dict,
}

/// Lays the layers over one another; what is wrong with them goes to `problems`.
pub(crate) fn merge(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
    problems: &mut Vec<Problem>,
) -> Layers {
    let defaults = Figment::from(Toml::string(DEFAULTS));
    let known = section(&defaults, problems);
    let mut figment = defaults;
    if let Some(path) = file {
        let layer = Figment::from(Toml::file_exact(path));
        check_keys(&section(&layer, problems), &known, "", problems);
        figment = figment.merge(layer);
    }
    figment = figment.merge(Serialized::defaults(environment(variables, &known, problems)));
    // A layer that cannot be read has been reported already.
    let merged = figment.extract::<Dict>().unwrap_or_default();
    Layers { known, merged }
}

fn section(figment: &Figment, problems: &mut Vec<Problem>) -> Dict {
    match figment.extract::<Dict>() {
        Ok(dict) => dict,
        Err(errors) => {
            problems.extend(errors.into_iter().map(|error| Problem::of(&error)));
            Dict::new()
        }
    }
}

/// Refuses keys that the defaults do not have, and values of another type than theirs.
fn check_keys(layer: &Dict, known: &Dict, path: &str, problems: &mut Vec<Problem>) {
    for (name, value) in layer {
        let key = format!("{path}{name}");
        match (known.get(name), value) {
            (None, _) => problems.push(Problem { key, message: "there is no such setting".to_owned() }),
            (Some(Value::Dict(_, inner)), Value::Dict(_, given)) => {
                check_keys(given, inner, &format!("{key}."), problems);
            }
            (Some(default), given) if kind(default) != kind(given) && !may_refer(default, given) => {
                let message = format!("expected {}, not {}", kind(default), kind(given));
                problems.push(Problem { key, message });
            }
            _ => {}
        }
    }
}

/// Whether a value stands for one in a secret: there a text is right whatever the setting's type.
fn may_refer(default: &Value, given: &Value) -> bool {
    !matches!(default, Value::Dict(..)) && given.as_str().is_some_and(Reference::is_meant)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a text",
        Value::Bool(..) => "true or false",
        Value::Num(..) => "a number",
        Value::Dict(..) => "a section",
        Value::Array(..) => "a list",
        Value::Empty(..) => "nothing",
    }
}

/// A variable's text becomes what its default is, so that a token of digits stays a text.
fn environment(
    variables: impl Iterator<Item = (String, String)>,
    known: &Dict,
    problems: &mut Vec<Problem>,
) -> serde_json::Map<String, serde_json::Value> {
    let mut layer = serde_json::Map::new();
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        let key = name.to_lowercase().replace("__", ".");
        let Some(default) = find(known, &key) else {
            problems
                .push(Problem { key, message: format!("there is no such setting (variable {variable})") });
            continue;
        };
        match typed(default, &text) {
            Ok(value) => insert(&mut layer, &key, value),
            Err(message) => {
                problems.push(Problem { key, message: format!("{message} (variable {variable})") });
            }
        }
    }
    layer
}

/// The default of a key as `server.bind`; none for a section.
pub(crate) fn find<'a>(known: &'a Dict, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => known.get(key).filter(|value| !matches!(value, Value::Dict(..))),
        Some((section, rest)) => match known.get(section)? {
            Value::Dict(_, inner) => find(inner, rest),
            _ => None,
        },
    }
}

fn typed(default: &Value, text: &str) -> Result<serde_json::Value, String> {
    // A comma makes it a list of which some may be references.
    if Reference::is_meant(text) && !text.contains(',') {
        return Ok(text.into());
    }
    parsed(default, text)
}

/// A text as what the setting's default is. What is wrong is said without the text.
pub(crate) fn parsed(default: &Value, text: &str) -> Result<serde_json::Value, String> {
    match default {
        Value::Num(..) => text
            .parse::<u64>()
            .map(Into::into)
            .map_err(|_| "expected a whole number of at least 0".to_owned()),
        Value::Bool(..) => {
            text.parse::<bool>().map(Into::into).map_err(|_| "expected true or false".to_owned())
        }
        Value::Array(..) => {
            Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>().into())
        }
        _ => Ok(text.into()),
    }
}

/// Puts a value where its key, as `environments.stage.database.url`, says.
fn insert(layer: &mut serde_json::Map<String, serde_json::Value>, key: &str, value: serde_json::Value) {
    let Some((section, rest)) = key.split_once('.') else {
        layer.insert(key.to_owned(), value);
        return;
    };
    let section = layer.entry(section).or_insert_with(|| serde_json::json!({}));
    if let Some(section) = section.as_object_mut() {
        insert(section, rest, value);
    }
}
