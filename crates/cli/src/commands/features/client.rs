//! What one row says of one client.

use std::collections::BTreeMap;

use bellwether_core::customer::{Customer, InputSchema};
use chrono::NaiveDate;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::rows::reason;

/// The field that says who it is.
pub(super) const CLIENT_ID: &str = "client_id";
/// The field that holds the lifetime value.
pub(super) const LTV: &str = "ltv";
/// The field that may hold all features as one object.
const FEATURES: &str = "features";

/// What a row says of a client.
#[derive(Debug, PartialEq)]
pub(super) struct ClientUpdate {
    /// Who it is.
    pub client_id: String,
    /// Lifetime value.
    pub ltv: Ltv,
    /// Features; `None` where the row names none.
    pub features: Option<Map<String, Value>>,
    /// Fields that no live model knows.
    pub ignored: Vec<String>,
}

/// What a row says of the lifetime value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ltv {
    /// Nothing.
    Unsaid,
    /// That it is unknown.
    Unknown,
    /// What it is: a finite number.
    Is(f64),
}

/// Reads rows by the live models' inputs.
pub(super) struct ClientReader {
    /// The inputs.
    pub schema: InputSchema,
    /// Bounds dates from above.
    pub today: NaiveDate,
}

type Fields<'a> = BTreeMap<String, &'a RawValue>;

impl ClientReader {
    /// Reads a JSON object: features flat beside `client_id` and `ltv`, or in an object `features`.
    ///
    /// # Errors
    /// Every field at fault, in one line without the values.
    pub(super) fn read(&self, body: &[u8]) -> Result<ClientUpdate, String> {
        let Ok(fields) = serde_json::from_slice::<Fields>(body) else {
            let error = Customer::parse(body, &self.schema, self.today).err();
            return Err(error.as_ref().map_or_else(|| "expected a JSON object".to_owned(), reason));
        };
        let nested = fields.get(FEATURES).filter(|raw| raw.get().starts_with('{'));
        let Some(nested) = nested.filter(|_| self.schema.get(FEATURES).is_none()) else {
            return self.update(&fields, &fields, Some(body));
        };
        let features: Fields = serde_json::from_str(nested.get()).map_err(|_| "expected a JSON object")?;
        let mut update = self.update(&fields, &features, None)?;
        let beside = fields.into_keys().filter(|name| ![CLIENT_ID, LTV, FEATURES].contains(&name.as_str()));
        update.ignored.extend(beside);
        Ok(update)
    }

    /// `flat` is the row itself where the features are not in an object of their own.
    fn update(
        &self,
        fields: &Fields,
        features: &Fields,
        flat: Option<&[u8]>,
    ) -> Result<ClientUpdate, String> {
        let named = features.keys().any(|name| self.schema.get(name).is_some());
        let customer = match flat {
            Some(body) if named => self.customer(body),
            _ => self.customer(self.body(fields, features, named).as_bytes()),
        };
        let ltv = fields.get(LTV).map_or(Ok(Ltv::Unsaid), |raw| ltv(raw.get()));
        let nobody = fields.get(CLIENT_ID).is_none_or(|raw| raw.get() == "null");
        let missing = nobody.then(|| format!("{CLIENT_ID}: is missing"));
        let faults = [missing, customer.as_ref().err().cloned(), ltv.as_ref().err().cloned()];
        let faults: Vec<_> = faults.into_iter().flatten().collect();
        let (Ok(customer), Ok(ltv), true) = (customer, ltv, faults.is_empty()) else {
            return Err(faults.join("; "));
        };
        let mut known = customer.to_json(&self.schema);
        known.remove(CLIENT_ID);
        let client_id = customer.client_id.unwrap_or_default();
        if ltv == Ltv::Unsaid && !named {
            return Err(format!("names neither {LTV} nor a known feature"));
        }
        let unknown = |name: &&String| {
            let name = name.as_str();
            ![CLIENT_ID, LTV].contains(&name) && self.schema.get(name).is_none()
        };
        let ignored = features.keys().filter(unknown).cloned().collect();
        Ok(ClientUpdate { client_id, ltv, features: named.then_some(known), ignored })
    }

    fn customer(&self, body: &[u8]) -> Result<Customer, String> {
        Customer::parse(body, &self.schema, self.today).map_err(|error| reason(&error))
    }

    /// The row as a request. One that names no feature gets one that is missing, or it were no customer.
    fn body(&self, fields: &Fields, features: &Fields, named: bool) -> String {
        let missing = self.schema.names().next().filter(|_| !named).map(|name| (name, "null"));
        let id = fields.get(CLIENT_ID).map(|raw| (CLIENT_ID, raw.get()));
        let features = features.iter().filter(|(name, _)| *name != LTV && *name != CLIENT_ID);
        let features = features.map(|(name, raw)| (name.as_str(), raw.get()));
        let parts = id.into_iter().chain(missing).chain(features);
        let parts: Vec<_> = parts.map(|(name, raw)| format!("{}:{raw}", Value::from(name))).collect();
        format!("{{{}}}", parts.join(","))
    }
}

fn ltv(raw: &str) -> Result<Ltv, String> {
    if raw == "null" {
        return Ok(Ltv::Unknown);
    }
    let number = raw.parse().ok().filter(|number: &f64| number.is_finite());
    number.map(Ltv::Is).ok_or_else(|| format!("{LTV}: expected a finite number"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "client_tests.rs"]
mod tests;
