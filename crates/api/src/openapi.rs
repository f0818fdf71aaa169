//! The OpenAPI document: the routes as they are declared, and the customer as the live models know it.

use bellwether_core::customer::{
    EARLIEST_YEAR, InputKind, InputSchema, MAX_CLIENT_ID_CHARS, MAX_LEVEL_CHARS,
};
use bellwether_core::prediction::Purpose;
use bellwether_web::auth::PURPOSE_HEADER;
use chrono::{Datelike as _, NaiveDate};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Bellwether", description = "Predictions, and the emails they cause.", license(name = "MIT OR Apache-2.0")),
    paths(
        routes::ready::root,
        routes::ready::root_by_post,
        routes::ready::alive,
        routes::ready::alive_by_post,
        routes::ready::ready,
        routes::predict::predict,
        routes::batch::predict_batch,
        routes::explain::explain,
        routes::emails::enqueue,
        routes::jobs::job,
        routes::outcomes::outcomes,
        routes::flagged::flagged,
        routes::config::config,
        routes::config::refresh,
        routes::config::refresh_by_post,
        routes::bundles::bundles,
        routes::bundles::parity,
        routes::statistics::statistics,
        routes::docs::metrics,
        routes::docs::openapi,
        routes::docs::docs,
    ),
    components(schemas(routes::explain::KnownClient)),
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
    for (path, methods) in paths {
        for (_, operation) in methods.as_object_mut().into_iter().flatten() {
            guard(operation, auth_required);
            if !["/health", "/ready", "/metrics"].contains(&path.as_str()) {
                limit(operation);
            }
            if operation.get("requestBody").is_some() {
                operation["requestBody"]["required"] = true.into();
            }
        }
    }
    for path in ["/predict", "/predict/batch"] {
        marked(&mut document["paths"][path]["post"]);
    }
    document["components"]["schemas"]["Customer"] = customer(schema, today);
    document["components"]["schemas"]["OutcomeStatement"] = outcome(today);
    // One, or many that are each taken or refused by themselves.
    document["paths"]["/outcomes"]["post"]["requestBody"]["content"]["application/json"]["schema"] = json!({
        "oneOf": [{ "$ref": "#/components/schemas/OutcomeStatement" }, { "type": "array", "items": {} }],
    });
    document["paths"]["/outcomes"]["post"]["responses"]["200"]["content"]["application/json"]["schema"] = json!({
        "oneOf": [{ "type": "object" }, { "type": "array", "items": { "type": "object" } }],
    });
    let asked = &mut document["paths"]["/explain"]["post"]["requestBody"]["content"]["application/json"];
    asked["schema"] = json!({ "anyOf": [
        { "$ref": "#/components/schemas/Customer" }, { "$ref": "#/components/schemas/KnownClient" },
    ] });
    one_of_uid_and_payload(&mut document["components"]["schemas"]["EmailRequest"]);
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
    let answers =
        [("401", "no token, or one out of its time"), ("403", "a wrong token, or one that lacks the scope")];
    for (status, description) in answers {
        operation["responses"][status] = problem(description);
        operation["responses"][status]["headers"]["WWW-Authenticate"] =
            header("what a token has to be", "string");
    }
}

/// What watches over the process is always answered; anything else may be too much.
fn limit(operation: &mut Value) {
    for (status, description) in
        [("429", "too many requests of this caller"), ("503", "too many requests at once")]
    {
        if operation["responses"].get(status).is_none() {
            operation["responses"][status] = problem(description);
        }
        operation["responses"][status]["headers"]["Retry-After"] = header("seconds to wait", "integer");
    }
}

/// The header is one of a few words or is not there, which no attribute of a parameter can say: `Option` there
/// means that it may be null.
fn marked(operation: &mut Value) {
    let header = json!({
        "name": PURPOSE_HEADER, "in": "header", "required": false,
        "description": "Why the call is made, where it is not for a client's sake; needs the scope `config`. A `trial` \
            of `POST /predict` is told how its answer came about.",
        "schema": { "type": "string", "enum": [Purpose::Trial, Purpose::Canary, Purpose::Load] },
    });
    let mut headers = operation["parameters"].as_array().cloned().unwrap_or_default();
    headers.push(header);
    operation["parameters"] = headers.into();
}

fn problem(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
}

fn header(description: &str, kind: &str) -> Value {
    json!({ "description": description, "schema": { "type": kind } })
}

/// An email is asked for by uid or by payload, never by both, which no attribute of a struct can say.
fn one_of_uid_and_payload(request: &mut Value) {
    let without = |mut schema: Value, field: &str, required: &str| {
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.remove(field);
        }
        schema["required"] = json!([required]);
        schema
    };
    let mut plain = request.take();
    plain["properties"]["uid"] =
        json!({ "type": "string", "format": "uuid", "description": "What `POST /predict` answered." });
    plain["properties"]["payload"] = json!({ "$ref": "#/components/schemas/EmailPayload" });
    *request =
        json!({ "oneOf": [without(plain.clone(), "payload", "uid"), without(plain, "uid", "payload")] });
}

/// A statement about a client as JSON Schema.
fn outcome(today: NaiveDate) -> Value {
    let name = |kind: Value, description: &str| {
        json!({
            "type": kind, "minLength": 1, "maxLength": MAX_CLIENT_ID_CHARS, "pattern": NAME, "description": description,
        })
    };
    // A year later than the earliest: an offset may reach back over its beginning.
    let days = format!("({})-({MONTHS_AND_DAYS})", years(EARLIEST_YEAR + 1, today.year()));
    let time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])";
    let moment = |kind: Value, description: &str| json!({ "type": kind, "pattern": format!("^({days})(T{time})?$"), "description": description });
    json!({
        "type": "object", "required": ["client_id", "churned", "occurred_at"], "additionalProperties": true,
        "properties": {
            "client_id": name(json!("string"), "Whom it is about."),
            "churned": {
                "type": ["boolean", "null"],
                "description": "Whether the client left; null retracts the statement.",
            },
            "occurred_at": moment(
                json!("string"),
                "When the client left, or was still there: RFC 3339, or a day, which stands for its first moment in UTC.",
            ),
            "id": name(
                json!(["string", "null"]),
                "The sender's name for the statement; of a client's statements with one id the newest holds. \
                    Absent, `occurred_at` names it.",
            ),
            "corrected_at": moment(
                json!(["string", "null"]),
                "Which of two statements of one id is newer. Absent, when it was received.",
            ),
        },
    })
}

/// What a client id may hold: no control characters.
const NAME: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";

/// A customer as JSON Schema: any of the known inputs, and whatever else there is.
fn customer(schema: Option<&InputSchema>, today: NaiveDate) -> Value {
    let mut properties = serde_json::Map::new();
    let id = json!({
        "type": ["string", "null"], "minLength": 1, "maxLength": MAX_CLIENT_ID_CHARS,
        "pattern": NAME,
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
            json!({ "type": ["number", "null"], "description": "Finite in 64 bits." })
        }
        InputKind::Category { accept_numbers: false } => {
            json!({ "type": ["string", "null"], "maxLength": MAX_LEVEL_CHARS })
        }
        InputKind::Category { accept_numbers: true } => {
            json!({ "anyOf": [level, { "type": ["number", "null"] }] })
        }
        InputKind::Date => {
            let end = today.year();
            json!({
                "type": ["string", "null"],
                "description": format!("A day from {EARLIEST_YEAR}-01-01 to today, as YYYY-MM-DD."),
                "pattern": format!("^(|({})-({MONTHS_AND_DAYS}))$", years(EARLIEST_YEAR, end)),
            })
        }
    }
}

/// The days of the years before this one, leap days left out: what a pattern can say.
const MONTHS_AND_DAYS: &str =
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])";

/// The years from the first up to, and without, the end, as a pattern: whole decades first, then what is left.
fn years(first: i32, end: i32) -> String {
    let last = end - 1;
    let decades = (first / 10..last / 10).map(|decade| format!("{decade}[0-9]"));
    let rest = format!("{}[0-{}]", last / 10, last % 10);
    decades.chain([rest]).collect::<Vec<_>>().join("|")
}
