//! The OpenAPI document: the routes as they are declared, and the customer as the live models know it.

use bellwether_core::customer::{
    EARLIEST_YEAR, InputKind, InputSchema, MAX_CLIENT_ID_CHARS, MAX_LEVEL_CHARS,
};
use chrono::{Datelike as _, NaiveDate};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Bellwether", description = "Predictions, and the emails they cause.", license(name = "MIT OR Apache-2.0")),
    paths(
        routes::ready::alive, routes::ready::ready, routes::predict::predict, routes::batch::predict_batch,
        routes::emails::enqueue, routes::jobs::job, routes::config::config, routes::config::refresh,
        routes::config::refresh_by_post, routes::docs::metrics, routes::docs::openapi, routes::docs::docs,
    ),
    modifiers(&Bearer),
)]
struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}

/// The document, for the inputs that are known at the moment, with or without the need for a token.
///
/// # Errors
/// None in practice: the document always serialises.
pub(crate) fn document(
    schema: Option<&InputSchema>,
    today: NaiveDate,
    auth_required: bool,
) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(Document::openapi())?;
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for operation in paths.flat_map(|(_, methods)| methods.as_object_mut().into_iter().flatten()) {
        guard(operation.1, auth_required);
    }
    document["components"]["schemas"]["Customer"] = customer(schema, today);
    Ok(document)
}

/// Where a token is needed, two more answers are possible; where none is, nothing is said of it.
fn guard(operation: &mut Value, auth_required: bool) {
    if operation.get("security").is_none() {
        return;
    }
    if !auth_required {
        if let Some(operation) = operation.as_object_mut() {
            operation.remove("security");
        }
        return;
    }
    let problem =
        json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    for (status, description) in [("401", "no token"), ("403", "a wrong token, or one that lacks the scope")]
    {
        operation["responses"][status] = json!({ "description": description, "content": problem });
    }
}

/// A customer as JSON Schema: any of the known inputs, and whatever else there is.
fn customer(schema: Option<&InputSchema>, today: NaiveDate) -> Value {
    let mut properties = serde_json::Map::new();
    let id = json!({
        "type": ["string", "null"], "minLength": 1, "maxLength": MAX_CLIENT_ID_CHARS,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
        "description": "Who it is; a client keeps its treatment by this id.",
    });
    properties.insert("client_id".to_owned(), id);
    let empty = InputSchema::default();
    let schema = schema.unwrap_or(&empty);
    for (name, kind) in schema.names().zip(schema.kinds()) {
        properties.insert(name.to_owned(), input(*kind, today));
    }
    let some: Vec<_> = schema.names().map(|name| json!({ "required": [name] })).collect();
    let mut customer = json!({
        "type": "object", "properties": properties, "additionalProperties": true,
        "description": "The inputs of the live models, every one optional, but at least one present. Other fields are \
            ignored and named in the answer.",
    });
    if !some.is_empty() {
        customer["anyOf"] = some.into();
    }
    customer
}

fn input(kind: InputKind, today: NaiveDate) -> Value {
    let level = json!({ "type": "string", "maxLength": MAX_LEVEL_CHARS });
    match kind {
        InputKind::Number => {
            // JSON Schema has no word for "finite in 64 bits".
            json!({ "type": ["number", "null"], "minimum": -1.0e308, "maximum": 1.0e308 })
        }
        InputKind::Category { accept_numbers: false } => {
            json!({ "type": ["string", "null"], "maxLength": MAX_LEVEL_CHARS })
        }
        InputKind::Category { accept_numbers: true } => {
            json!({ "anyOf": [level, { "type": ["number", "null"] }] })
        }
        InputKind::Date => {
            let last = today.year();
            json!({
                "type": ["string", "null"], "format": "date",
                "description": format!("A day from {EARLIEST_YEAR}-01-01 to today."),
                "pattern": format!("^({})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", years(EARLIEST_YEAR, last - 1)),
            })
        }
    }
}

/// The years from the first to the last, as a pattern: whole decades first, then what is left.
fn years(first: i32, last: i32) -> String {
    let decades = (first / 10..last / 10).map(|decade| format!("{decade}[0-9]"));
    let rest = format!("{}[0-{}]", last / 10, last % 10);
    decades.chain([rest]).collect::<Vec<_>>().join("|")
}
