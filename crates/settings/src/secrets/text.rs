//! A secret's text, and the fields in it.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::Reference;

/// What a reference stands for in a secret's text; what is wrong is said without the text.
pub(crate) fn value(text: &SecretString, reference: &Reference) -> Result<SecretString, String> {
    let name = &reference.name;
    let Some(field) = &reference.field else { return Ok(text.clone()) };
    let Ok(Value::Object(fields)) = serde_json::from_str(text.expose_secret()) else {
        return Err(format!("the secret `{name}` is no JSON object, and so has no field `{field}`"));
    };
    match fields.get(field) {
        None => Err(format!("the secret `{name}` has no field `{field}`")),
        Some(Value::Null) => Err(format!("the secret `{name}` has null as its field `{field}`")),
        Some(Value::String(value)) => Ok(value.as_str().into()),
        Some(value) => Ok(value.to_string().into()),
    }
}
