//! Bodies: one JSON object, read field by field, so that every field at fault is named at once: those that are missing,
//! cannot be read, are given twice or are unknown.

use std::fmt;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Payload;
use bellwether_core::config::ConfigDocument;
use bellwether_core::customer::FieldError;
use bellwether_web::Problem;
use bellwether_web::body::{self, BodyLimit};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A document, a payload and a reason are far smaller.
const LIMIT: BodyLimit = BodyLimit { bytes: 256 << 10, timeout: Duration::from_secs(10) };

/// The fields of an object. Whatever was not asked for by [`Fields::finish`] is unknown.
pub(super) struct Fields {
    given: Vec<(String, Box<RawValue>)>,
    faults: Vec<FieldError>,
    /// What the names of faults begin with: `bake.` within the field `bake`.
    prefix: String,
}

impl Fields {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// As [`body::read`]; 400 for what is no JSON, 422 for what is no object.
    pub(super) async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        let body = body::read(request, payload, LIMIT, &["application/json"]).await?;
        if body.is_empty() {
            return Err(Problem::bad_request("expected a JSON object, not nothing"));
        }
        let value: &RawValue = serde_json::from_slice(&body)
            .map_err(|error| Problem::bad_request(format!("the body is no JSON: {error}")))?;
        let pairs: Pairs = serde_json::from_str(value.get())
            .map_err(|_| Problem::field("body", "expected a JSON object"))?;
        Ok(Self::of(pairs, String::new()))
    }

    fn of(pairs: Pairs, prefix: String) -> Self {
        let mut fields = Self { given: Vec::new(), faults: Vec::new(), prefix };
        for (name, value) in pairs.0 {
            if fields.given.iter().any(|(known, _)| *known == name) {
                fields.fault(&name, "is given twice");
            } else {
                fields.given.push((name, value));
            }
        }
        fields
    }

    /// A field that may be left out or null.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let raw = self.take(name)?;
        self.typed::<Option<T>>(name, &raw).flatten()
    }

    /// A field that has to be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let raw = self.demanded(name)?;
        self.typed(name, &raw)
    }

    /// A config document, its faults named as everywhere: `proba_cutoff`, not `document.proba_cutoff`.
    pub(super) fn document(&mut self, name: &str) -> Option<ConfigDocument> {
        let raw = self.demanded(name)?;
        match ConfigDocument::parse(raw.get()) {
            Ok(document) => Some(document),
            Err(faults) => {
                self.faults.extend(faults);
                None
            }
        }
    }

    /// A field that is an object itself, may be left out or null, and is read by `read`.
    pub(super) fn within<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields) -> Option<T>) -> Option<T> {
        let raw = self.take(name).filter(|raw| raw.get() != "null")?;
        let Ok(pairs) = serde_json::from_str::<Pairs>(raw.get()) else {
            self.fault(name, "expected an object");
            return None;
        };
        let mut inner = Fields::of(pairs, format!("{}{name}.", self.prefix));
        let read = read(&mut inner);
        inner.refuse_unknown();
        self.faults.append(&mut inner.faults);
        read
    }

    /// Whether a field is there, null or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// Says what else is wrong with a field.
    pub(super) fn also(&mut self, fault: Option<FieldError>) {
        self.faults.extend(fault);
    }

    /// What was read of all fields.
    ///
    /// # Errors
    /// 422, naming every field that is at fault or unknown.
    pub(super) fn finish<T>(mut self, read: Option<T>) -> Result<T, Problem> {
        self.refuse_unknown();
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            _ => Err(Problem::fields(self.faults)),
        }
    }

    fn refuse_unknown(&mut self) {
        for (name, _) in std::mem::take(&mut self.given) {
            self.fault(&name, "is no field of this request");
        }
    }

    fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.remove(at).1)
    }

    fn demanded(&mut self, name: &str) -> Option<Box<RawValue>> {
        let raw = self.take(name);
        if raw.is_none() {
            self.fault(name, "is missing");
        }
        raw
    }

    fn typed<T: DeserializeOwned>(&mut self, name: &str, raw: &RawValue) -> Option<T> {
        let mut reader = serde_json::Deserializer::from_str(raw.get());
        match serde_path_to_error::deserialize(&mut reader) {
            Ok(value) => Some(value),
            Err(error) => {
                let path = error.path().to_string();
                let field = match path.as_str() {
                    "." => name.to_owned(),
                    path if path.starts_with('[') => format!("{name}{path}"),
                    path => format!("{name}.{path}"),
                };
                self.fault(&field, &cause(error.inner()));
                None
            }
        }
    }

    fn fault(&mut self, field: &str, message: &str) {
        let field = format!("{}{field}", self.prefix);
        self.faults.push(FieldError { field, message: message.to_owned() });
    }
}

/// What is wrong, without the place within the field's text, which nobody sees.
fn cause(error: &serde_json::Error) -> String {
    let told = error.to_string();
    told.split(" at line ").next().unwrap_or(&told).to_owned()
}

/// An object's fields as they are given, one that is given twice both times.
struct Pairs(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
