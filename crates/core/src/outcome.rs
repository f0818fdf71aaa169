//! What became of a client, as someone states it: how a statement is read, with every field at fault named. What
//! statements come to together is the store's affair.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::customer::parsing::{Json, Key, classify, cut, name_of};
use crate::customer::{EARLIEST_YEAR, FieldError};

/// One statement about a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whom it is about: 1 to 128 characters.
    pub client_id: String,
    /// The sender's name for the statement, 1 to 128 characters. Of a client's statements with one id the newest holds.
    pub id: String,
    /// Whether the client left; `None` where the statement was retracted.
    pub churned: Option<bool>,
    /// When the client left, or was still there, in UTC to the microsecond.
    pub occurred_at: DateTime<Utc>,
    /// Which of two statements of one id is newer, in UTC to the microsecond; of two alike the one received later.
    pub corrected_at: DateTime<Utc>,
}

/// Why a body is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOutcome {
    /// The body is not JSON; the text says where it stops being.
    #[error("it is not valid JSON: {0}")]
    NotJson(String),
    /// It is JSON, but no statement; every field at fault is named.
    #[error("{} field(s) cannot be taken", .0.len())]
    Fields(Vec<FieldError>),
}

/// How far a sender's clock may be ahead.
const AHEAD: TimeDelta = TimeDelta::days(1);

const TIME: &str = "expected a moment as RFC 3339 writes it, 2026-11-22T10:15:00Z, or a day, 2026-11-22";

impl Outcome {
    /// Reads `{"client_id", "churned", "occurred_at", "id", "corrected_at"}`. `churned` is true, false, or null to
    /// retract the statement. Without an `id` the statement is named by `occurred_at`; without `corrected_at` it is as
    /// new as `received_at`. A day stands for its first moment in UTC. Other fields are ignored.
    ///
    /// # Errors
    /// [`InvalidOutcome`], with every field at fault.
    pub fn parse(body: &[u8], received_at: DateTime<Utc>) -> Result<Self, InvalidOutcome> {
        let mut reader = Reader { received_at, ..Reader::default() };
        let mut json = serde_json::Deserializer::from_slice(body);
        if let Err(error) = json.deserialize_any(&mut reader).and_then(|()| json.end()) {
            if error.is_data() {
                return Err(InvalidOutcome::Fields(vec![fault("body", "expected a JSON object")]));
            }
            let place = format!("line {} column {}", error.line(), error.column());
            return Err(InvalidOutcome::NotJson(place));
        }
        reader.finish()
    }
}

fn fault(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: message.into() }
}

#[derive(Default)]
struct Reader {
    received_at: DateTime<Utc>,
    client_id: Option<String>,
    id: Option<String>,
    churned: Option<bool>,
    says_whether: bool,
    occurred_at: Option<DateTime<Utc>>,
    corrected_at: Option<DateTime<Utc>>,
    seen: Vec<&'static str>,
    faults: Vec<FieldError>,
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(name)) = map.next_key()? {
            let raw: &RawValue = map.next_value()?;
            self.field(&name, raw.get());
        }
        Ok(())
    }
}

const FIELDS: [&str; 5] = ["client_id", "id", "churned", "occurred_at", "corrected_at"];

impl Reader {
    fn field(&mut self, name: &str, raw: &str) {
        let Some(name) = FIELDS.into_iter().find(|field| *field == name) else { return };
        if self.seen.contains(&name) {
            return self.faults.push(fault(&cut(name), "is given twice"));
        }
        self.seen.push(name);
        let now = self.received_at;
        let read = match name {
            "client_id" => name_of(raw).map(|id| self.client_id = id),
            "id" => name_of(raw).map(|id| self.id = id),
            "churned" => churned(raw).map(|churned| (self.churned, self.says_whether) = (churned, true)),
            "occurred_at" => moment(raw, now).map(|at| self.occurred_at = at),
            _ => moment(raw, now).map(|at| self.corrected_at = at),
        };
        if let Err(message) = read {
            self.faults.push(fault(name, message));
        }
    }

    fn finish(mut self) -> Result<Outcome, InvalidOutcome> {
        let missing = [self.client_id.is_none(), !self.says_whether, self.occurred_at.is_none()].into_iter();
        for (field, missing) in ["client_id", "churned", "occurred_at"].into_iter().zip(missing) {
            if missing && !self.faults.iter().any(|fault| fault.field == field) {
                self.faults.push(fault(field, "is missing"));
            }
        }
        let (Some(client_id), Some(occurred_at), true) =
            (self.client_id, self.occurred_at, self.faults.is_empty())
        else {
            return Err(InvalidOutcome::Fields(self.faults));
        };
        let id = self.id.unwrap_or_else(|| occurred_at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let corrected_at = self.corrected_at.unwrap_or_else(|| to_the_microsecond(self.received_at));
        Ok(Outcome { client_id, id, churned: self.churned, occurred_at, corrected_at })
    }
}

fn churned(raw: &str) -> Result<Option<bool>, String> {
    match raw {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        "null" => Ok(None),
        _ => Err("expected true, false, or null to retract the statement".to_owned()),
    }
}

fn moment(raw: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
    let text = match classify(raw)? {
        Json::Null => return Ok(None),
        Json::Text(text) => text,
        other => return Err(format!("{TIME}, not {}", other.what())),
    };
    let at = match text.len() {
        10 => NaiveDate::parse_from_str(&text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc()),
        _ => DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc()),
    };
    let at = at.map(to_the_microsecond).map_err(|_| TIME.to_owned())?;
    if at.year() < EARLIEST_YEAR {
        return Err(format!("expected a moment from {EARLIEST_YEAR}-01-01 on"));
    }
    if at > now + AHEAD {
        return Err("lies in the future".to_owned());
    }
    Ok(Some(at))
}

/// What every store keeps of a moment; a leap second is the next one.
fn to_the_microsecond(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "outcome_tests.rs"]
mod tests;
