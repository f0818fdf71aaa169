//! The layers: defaults, then a file, then the environment; and every problem found on the way.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Value};

use crate::{DEFAULTS, Settings, validate};

pub(crate) const PREFIX: &str = "BELLWETHER__";
const FILE_VARIABLE: &str = "BELLWETHER_SETTINGS";

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, as `server.bind`.
    pub key: String,
    /// What was expected.
    pub message: String,
}

/// All that is wrong with the settings, found before anything is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the settings cannot be used:")?;
        for Problem { key, message } in &self.0 {
            write!(formatter, "\n  {key}: {message}")?;
        }
        Ok(())
    }
}

/// Loads the settings of this process.
///
/// # Errors
/// [`Problems`], all of them at once.
pub fn load() -> Result<Settings, Problems> {
    let file = std::env::var_os(FILE_VARIABLE);
    load_from(file.as_deref().map(Path::new), std::env::vars())
}

/// Loads settings from a file and from given environment variables.
///
/// # Errors
/// [`Problems`], all of them at once.
pub fn load_from(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Settings, Problems> {
    let mut problems = Vec::new();
    let defaults = Figment::from(Toml::string(DEFAULTS));
    let known = section(&defaults, &mut problems);
    let mut figment = defaults;
    if let Some(path) = file {
        let layer = Figment::from(Toml::file_exact(path));
        check_keys(&section(&layer, &mut problems), &known, "", &mut problems);
        figment = figment.merge(layer);
    }
    figment = figment.merge(Serialized::defaults(environment(variables, &known, &mut problems)));
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    match figment.extract::<Settings>() {
        Ok(settings) => validate::check(settings),
        Err(errors) => Err(Problems(errors.into_iter().map(|error| problem(&error)).collect())),
    }
}

fn problem(error: &figment::Error) -> Problem {
    let key = if error.path.is_empty() { "settings".to_owned() } else { error.path.join(".") };
    Problem { key, message: error.kind.to_string() }
}

fn section(figment: &Figment, problems: &mut Vec<Problem>) -> Dict {
    match figment.extract::<Dict>() {
        Ok(dict) => dict,
        Err(errors) => {
            problems.extend(errors.into_iter().map(|error| problem(&error)));
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
            (Some(default), given) if kind(default) != kind(given) => {
                let message = format!("expected {}, not {}", kind(default), kind(given));
                problems.push(Problem { key, message });
            }
            _ => {}
        }
    }
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
) -> BTreeMap<String, serde_json::Value> {
    let mut layer: BTreeMap<String, serde_json::Value> = BTreeMap::new();
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

fn find<'a>(known: &'a Dict, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => known.get(key).filter(|value| !matches!(value, Value::Dict(..))),
        Some((section, rest)) => match known.get(section)? {
            Value::Dict(_, inner) => find(inner, rest),
            _ => None,
        },
    }
}

fn typed(default: &Value, text: &str) -> Result<serde_json::Value, String> {
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

fn insert(layer: &mut BTreeMap<String, serde_json::Value>, key: &str, value: serde_json::Value) {
    match key.split_once('.') {
        None => {
            layer.insert(key.to_owned(), value);
        }
        Some((section, name)) => {
            let section = layer.entry(section.to_owned()).or_insert_with(|| serde_json::json!({}));
            if let Some(section) = section.as_object_mut() {
                section.insert(name.to_owned(), value);
            }
        }
    }
}
