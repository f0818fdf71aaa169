//! From a request body to a checked [`Customer`], naming every field at fault.
//!
//! Values are kept as raw text until their kind is known, so that nesting of any depth costs no stack
//! and a number out of range can be told from bad JSON.

use std::borrow::Cow;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Customer, InputKind, InputSchema, InputValue};

/// The longest client id that is taken, in characters.
pub const MAX_CLIENT_ID_CHARS: usize = 128;
/// The longest category level that is taken, in characters.
pub const MAX_LEVEL_CHARS: usize = 128;
/// The earliest year of a date that is taken.
pub const EARLIEST_YEAR: i32 = 1900;
const MAX_IGNORED_NAMES: usize = 20;
const MAX_IGNORED_NAME_CHARS: usize = 64;
const MAX_FIELD_ERRORS: usize = 100;

/// One field of a request that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name, as the caller wrote it (cut at 64 characters).
    pub field: String,
    /// What was expected.
    pub message: String,
}

/// Why a body is no customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustomer {
    /// The body is not JSON; the text says where it stops being.
    #[error("the body is not valid JSON: {0}")]
    NotJson(String),
    /// It is JSON, but not a customer; every field at fault is named.
    #[error("{} field(s) cannot be taken", .0.len())]
    Fields(Vec<FieldError>),
}

pub(super) fn parse(
    body: &[u8],
    schema: &InputSchema,
    today: NaiveDate,
) -> Result<Customer, InvalidCustomer> {
    let text = std::str::from_utf8(body)
        .map_err(|error| InvalidCustomer::NotJson(format!("it is not UTF-8 ({error})")))?;
    let mut reader = Reader::new(schema, today);
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_any(&mut reader).and_then(|()| json.end());
    if let Err(error) = read {
        return Err(refuse_document(text, &error, reader.reading));
    }
    reader.finish()
}

/// Tells "not JSON" from "JSON, but not an object", and names the field where reading stopped.
fn refuse_document(text: &str, error: &serde_json::Error, reading: Option<String>) -> InvalidCustomer {
    let mut json = serde_json::Deserializer::from_str(text);
    let valid = serde::de::IgnoredAny::deserialize_in(&mut json).and_then(|()| json.end()).is_ok();
    if valid && reading.is_none() {
        let field = "body".to_owned();
        return InvalidCustomer::Fields(vec![FieldError {
            field,
            message: "expected a JSON object".to_owned(),
        }]);
    }
    let place = format!("line {} column {}", error.line(), error.column());
    if text.trim().is_empty() {
        return InvalidCustomer::NotJson("it is empty; expected a JSON object".to_owned());
    }
    let at = reading.map_or_else(String::new, |field| format!(", at field `{field}`"));
    let hint = "NaN, Infinity and single quotes are not JSON";
    InvalidCustomer::NotJson(format!("{place}{at} ({hint})"))
}

/// Reads any JSON value and forgets it, without recursion.
trait DeserializeIn {
    fn deserialize_in<'de, D: serde::Deserializer<'de>>(json: D) -> Result<(), D::Error>;
}

impl DeserializeIn for serde::de::IgnoredAny {
    fn deserialize_in<'de, D: serde::Deserializer<'de>>(json: D) -> Result<(), D::Error> {
        json.deserialize_ignored_any(Self).map(|_| ())
    }
}

struct Reader<'s> {
    schema: &'s InputSchema,
    today: NaiveDate,
    customer: Customer,
    seen: Vec<bool>,
    seen_id: bool,
    faults: Vec<FieldError>,
    /// The field whose value is being read: where bad JSON is reported.
    reading: Option<String>,
}

impl<'de> Visitor<'de> for &mut Reader<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(name)) = map.next_key()? {
            self.reading = Some(cut(&name));
            let raw: &RawValue = map.next_value()?;
            self.field(&name, raw.get());
            self.reading = None;
        }
        Ok(())
    }
}

/// An object's key, borrowed where it holds no escape.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a field name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        json.deserialize_str(KeyVisitor)
    }
}

impl<'s> Reader<'s> {
    fn new(schema: &'s InputSchema, today: NaiveDate) -> Self {
        let customer = Customer { values: vec![InputValue::Missing; schema.len()], ..Customer::default() };
        let seen = vec![false; schema.len()];
        Self { schema, today, customer, seen, seen_id: false, faults: Vec::new(), reading: None }
    }

    fn field(&mut self, name: &str, raw: &str) {
        if name == "client_id" {
            if std::mem::replace(&mut self.seen_id, true) {
                return self.fault(name, "is given twice");
            }
            match name_of(raw) {
                Ok(id) => self.customer.client_id = id,
                Err(message) => self.fault(name, message),
            }
            return;
        }
        let Some((at, kind)) = self.schema.get(name) else {
            if self.customer.ignored.len() < MAX_IGNORED_NAMES {
                self.customer.ignored.push(cut(name));
            }
            return;
        };
        if std::mem::replace(&mut self.seen[at], true) {
            return self.fault(name, "is given twice");
        }
        match value(raw, kind, self.today) {
            Ok(value) => self.customer.values[at] = value,
            Err(message) => self.fault(name, message),
        }
    }

    fn fault(&mut self, name: &str, message: impl Into<String>) {
        if self.faults.len() < MAX_FIELD_ERRORS {
            self.faults.push(FieldError { field: cut(name), message: message.into() });
        }
    }

    fn finish(mut self) -> Result<Customer, InvalidCustomer> {
        if self.faults.is_empty() && !self.seen.contains(&true) {
            let example: Vec<_> = self.schema.names().take(3).collect();
            self.fault("body", format!("names no known feature; expected some of {}, …", example.join(", ")));
        }
        if self.faults.is_empty() { Ok(self.customer) } else { Err(InvalidCustomer::Fields(self.faults)) }
    }
}

pub(crate) fn cut(name: &str) -> String {
    name.chars().take(MAX_IGNORED_NAME_CHARS).collect()
}

/// What a raw JSON value is, for messages; containers are never descended into.
pub(crate) enum Json<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(&'a str),
    Other(&'static str),
}

pub(crate) fn classify(raw: &str) -> Result<Json<'_>, String> {
    Ok(match raw.as_bytes().first() {
        Some(b'"') => Json::Text(text(raw)?),
        Some(b'n') => Json::Null,
        Some(b't' | b'f') => Json::Other("a boolean"),
        Some(b'[') => Json::Other("an array"),
        Some(b'{') => Json::Other("an object"),
        _ => Json::Number(raw),
    })
}

fn text(raw: &str) -> Result<Cow<'_, str>, String> {
    let inner = &raw[1..raw.len() - 1];
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(raw).map(Cow::Owned).map_err(|_| "holds an invalid escape".to_owned())
}

const CLIENT_ID: &str = "expected a string of 1 to 128 characters";

/// A client's id, or another name of that kind; none where it is null.
pub(crate) fn name_of(raw: &str) -> Result<Option<String>, String> {
    match classify(raw)? {
        Json::Null => Ok(None),
        Json::Text(id) => check_client_id(&id).map(|()| Some(id.into_owned())),
        Json::Number(_) => Err(format!("{CLIENT_ID}, not a number")),
        Json::Other(what) => Err(format!("{CLIENT_ID}, not {what}")),
    }
}

/// Checks that `id` can be a client's.
///
/// # Errors
/// What was expected, in words for the caller.
pub fn check_client_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err(format!("{CLIENT_ID}, not an empty one"));
    }
    if longer(id, MAX_CLIENT_ID_CHARS) {
        return Err(format!("{CLIENT_ID}, not {} bytes", id.len()));
    }
    if id.chars().any(char::is_control) {
        return Err(format!("{CLIENT_ID} without control characters"));
    }
    Ok(())
}

fn longer(text: &str, chars: usize) -> bool {
    text.chars().nth(chars).is_some()
}

fn value(raw: &str, kind: InputKind, today: NaiveDate) -> Result<InputValue, String> {
    match (kind, classify(raw)?) {
        (_, Json::Null) => Ok(InputValue::Missing),
        (InputKind::Number, Json::Number(digits)) => number(digits),
        (InputKind::Number, other) => Err(format!("expected a number, not {}", other.what())),
        (InputKind::Category { .. }, Json::Text(level)) => category(&level),
        (InputKind::Category { accept_numbers: true }, Json::Number(digits)) => {
            number(digits)?;
            Ok(InputValue::Level(digits.into()))
        }
        (InputKind::Category { .. }, other) => Err(format!("expected a string, not {}", other.what())),
        (InputKind::Date, Json::Text(text)) => date(&text, today),
        (InputKind::Date, other) => Err(format!("expected a date as \"YYYY-MM-DD\", not {}", other.what())),
    }
}

impl Json<'_> {
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "a string",
            Self::Number(_) => "a number",
            Self::Other(what) => what,
        }
    }
}

fn number(digits: &str) -> Result<InputValue, String> {
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(InputValue::Number(number)),
        _ => Err("expected a finite number; this one is too large for a 64-bit float".to_owned()),
    }
}

fn category(level: &str) -> Result<InputValue, String> {
    if level.is_empty() {
        return Ok(InputValue::Missing);
    }
    if longer(level, MAX_LEVEL_CHARS) {
        return Err(format!("expected at most {MAX_LEVEL_CHARS} characters, not {} bytes", level.len()));
    }
    Ok(InputValue::Level(level.into()))
}

fn date(text: &str, today: NaiveDate) -> Result<InputValue, String> {
    if text.is_empty() {
        return Ok(InputValue::Missing);
    }
    let shaped = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if !shaped {
        return Err("expected a date as \"YYYY-MM-DD\"".to_owned());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| "is no day of the calendar; expected a date as \"YYYY-MM-DD\"".to_owned())?;
    if date.year() < EARLIEST_YEAR {
        return Err(format!("expected a date from {EARLIEST_YEAR}-01-01 on"));
    }
    // A caller's clock may be half a day ahead of UTC.
    if date > today.succ_opt().unwrap_or(today) {
        return Err("lies in the future".to_owned());
    }
    Ok(InputValue::Date(date))
}
