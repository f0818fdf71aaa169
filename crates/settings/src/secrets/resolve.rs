//! Finds every reference in the settings, reads each secret once, and puts the values in their places.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use figment::value::{Dict, Tag, Value};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinSet;

use super::{Reference, Rotating, SecretError, SecretSource, text};
use crate::layers::{Layers, parsed};
use crate::load::Problem;

/// The settings' values with secrets in their places, and with defaults where a secret was not had.
pub(crate) struct Resolved {
    pub(crate) values: Dict,
    pub(crate) rotating: Rotating,
    pub(crate) problems: Vec<Problem>,
}

type Texts = BTreeMap<String, Result<SecretString, SecretError>>;

/// Replaces every reference.
pub(crate) async fn resolve(layers: Layers, source: Arc<dyn SecretSource>) -> Resolved {
    let Layers { known, merged: mut values } = layers;
    let mut references = Vec::new();
    collect(&values, "", &mut references);
    let names = references.iter().map(|(_, reference)| reference.name.clone()).collect();
    let texts = read(names, &source).await;
    let mut places = Places { texts, whole: BTreeMap::new(), problems: Vec::new() };
    places.fill(&mut values, &known, "");
    let Places { texts, whole, problems } = places;
    let held = texts.into_iter().filter_map(|(name, text)| Some((name, text.ok()?))).collect();
    let touched = references.into_iter().map(|(key, _)| key).collect();
    Resolved {
        values,
        rotating: Rotating::new(source, whole, touched, held, Arc::new(Instant::now)),
        problems,
    }
}

/// Every well-written reference and the setting it is in.
fn collect(values: &Dict, path: &str, found: &mut Vec<(String, Reference)>) {
    for (name, value) in values {
        let key = format!("{path}{name}");
        match value {
            Value::Dict(_, inner) => collect(inner, &format!("{key}."), found),
            Value::Array(_, items) => {
                let texts = items.iter().filter_map(Value::as_str);
                found.extend(texts.filter_map(|text| Some((key.clone(), Reference::parse(text)?))));
            }
            _ => found.extend(value.as_str().and_then(Reference::parse).map(|reference| (key, reference))),
        }
    }
}

/// All at once, so that a provider that is away costs one patience, not one for each secret.
async fn read(names: BTreeSet<String>, source: &Arc<dyn SecretSource>) -> Texts {
    let mut reads = JoinSet::new();
    for name in names.clone() {
        let source = source.clone();
        reads.spawn(async move {
            let text = source.read(&name).await;
            (name, text)
        });
    }
    // One whose task panicked stays as it is here.
    let unread = |name| (name, Err(SecretError::Unavailable("reading it failed".to_owned())));
    let mut texts: Texts = names.into_iter().map(unread).collect();
    while let Some(read) = reads.join_next().await {
        texts.extend(read);
    }
    texts
}

/// What is put where references stand.
struct Places {
    texts: Texts,
    /// Settings that are a reference, and not only a list that holds one.
    whole: BTreeMap<String, Reference>,
    problems: Vec<Problem>,
}

impl Places {
    fn fill(&mut self, values: &mut Dict, known: &Dict, path: &str) {
        for (name, value) in values {
            let key = format!("{path}{name}");
            let filled = match (&mut *value, known.get(name)) {
                (Value::Dict(_, inner), Some(Value::Dict(_, known))) => {
                    self.fill(inner, known, &format!("{key}."));
                    continue;
                }
                (Value::Array(_, items), Some(_)) => {
                    items.iter_mut().try_for_each(|item| match item.as_str() {
                        Some(text) if Reference::is_meant(text) => {
                            let (_, secret) = self.look_up(text)?;
                            *item = Value::from(secret.expose_secret());
                            Ok(())
                        }
                        _ => Ok(()),
                    })
                }
                (Value::String(_, text), Some(default)) if Reference::is_meant(text) => {
                    self.look_up(text).and_then(|(reference, secret)| {
                        *value = typed(default, secret.expose_secret()).map_err(|expected| {
                            format!("{reference} is not what this setting takes: {expected}")
                        })?;
                        self.whole.insert(key.clone(), reference);
                        Ok(())
                    })
                }
                _ => continue,
            };
            if let Err(message) = filled {
                self.problems.push(Problem { key, message });
                // So that the other settings can be checked all the same.
                *value = known
                    .get(name)
                    .cloned()
                    .unwrap_or(Value::Empty(Tag::Default, figment::value::Empty::None));
            }
        }
    }

    fn look_up(&self, written: &str) -> Result<(Reference, SecretString), String> {
        let reference =
            Reference::parse(written).ok_or("expected secret:NAME or secret:NAME#field".to_owned())?;
        let name = &reference.name;
        let secret = match self.texts.get(name) {
            Some(Ok(secret)) => text::value(secret, &reference)?,
            Some(Err(error)) => return Err(format!("the secret `{name}` {error}")),
            None => return Err(format!("the secret `{name}` was not read")),
        };
        Ok((reference, secret))
    }
}

/// A secret's text as what the setting's default is; a list is JSON or separated by commas.
fn typed(default: &Value, text: &str) -> Result<Value, String> {
    let json = match default {
        Value::Array(..) if text.trim_start().starts_with('[') => {
            let items: Vec<String> =
                serde_json::from_str(text).map_err(|_| "expected a JSON list of texts".to_owned())?;
            items.into()
        }
        _ => parsed(default, text)?,
    };
    Value::serialize(json).map_err(|_| "expected another type".to_owned())
}
