//! A customer as the caller describes them: which inputs are known, and the checked values of one
//! request. What a model makes of the values belongs to `features`.

mod parse;
mod schema;

/// What else is read by the same rules.
pub(crate) mod parsing {
    pub(crate) use super::parse::{Json, Key, classify, cut, name_of};
}

pub use parse::{
    EARLIEST_YEAR, FieldError, InvalidCustomer, MAX_CLIENT_ID_CHARS, MAX_LEVEL_CHARS, check_client_id,
};
pub use schema::{InputKind, InputSchema, SchemaConflict};

use chrono::NaiveDate;

/// One checked input value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum InputValue {
    /// Absent, `null`, or an empty string: to be imputed.
    #[default]
    Missing,
    /// A finite number.
    Number(f64),
    /// A category's level.
    Level(Box<str>),
    /// A calendar date.
    Date(NaiveDate),
}

impl InputValue {
    /// The value as a request gives it: a number, a string, `YYYY-MM-DD`; null where it is missing.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Missing => serde_json::Value::Null,
            Self::Number(number) => (*number).into(),
            Self::Level(level) => level.as_ref().into(),
            Self::Date(date) => date.format("%Y-%m-%d").to_string().into(),
        }
    }
}

/// One request's customer, checked against an [`InputSchema`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Customer {
    /// Who it is; `None` when the request named nobody.
    pub client_id: Option<String>,
    /// One value per input of the schema, in the schema's order.
    pub values: Vec<InputValue>,
    /// Names of fields that no model knows, at most 20 of them, each cut at 64 characters.
    pub ignored: Vec<String>,
}

impl Customer {
    /// Parses a request body: one JSON object of the schema's inputs and `client_id`.
    ///
    /// `today` bounds dates from above.
    ///
    /// # Errors
    /// [`InvalidCustomer::NotJson`] where the body is not JSON, [`InvalidCustomer::Fields`] naming every
    /// field at fault otherwise.
    pub fn parse(body: &[u8], schema: &InputSchema, today: NaiveDate) -> Result<Self, InvalidCustomer> {
        parse::parse(body, schema, today)
    }

    /// Names of the inputs that are missing and will be imputed, in the schema's order.
    pub fn imputed<'a>(&'a self, schema: &'a InputSchema) -> impl Iterator<Item = &'a str> {
        self.values
            .iter()
            .zip(schema.names())
            .filter(|(value, _)| **value == InputValue::Missing)
            .map(|(_, name)| name)
    }

    /// The known inputs that were given, as they are logged: a JSON object without missing values.
    pub fn to_json(&self, schema: &InputSchema) -> serde_json::Map<String, serde_json::Value> {
        let mut object = serde_json::Map::new();
        if let Some(id) = &self.client_id {
            object.insert("client_id".to_owned(), id.clone().into());
        }
        for (value, name) in self.values.iter().zip(schema.names()) {
            if *value != InputValue::Missing {
                object.insert(name.to_owned(), value.to_json());
            }
        }
        object
    }
}

#[cfg(test)]
mod tests;
