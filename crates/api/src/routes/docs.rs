//! `/openapi.json`, `/docs` and `/metrics`: what the service says about itself. The page is made on the
//! server and loads nothing.

use actix_web::{HttpResponse, Responder, web};
use askama::Template as _;
use bellwether_web::{Problem, metrics as prometheus};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;

use crate::openapi::document;
use crate::state::State;

#[utoipa::path(
    get, path = "/metrics", tag = "about",
    responses((status = 200, description = "metrics as Prometheus reads them", body = String))
)]
pub(crate) async fn metrics(handle: web::Data<PrometheusHandle>) -> impl Responder {
    prometheus::tell(&handle)
}

#[utoipa::path(
    get, path = "/openapi.json", tag = "about",
    responses((status = 200, description = "this document", body = Object))
)]
pub(crate) async fn openapi(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(described(&state)?))
}

#[utoipa::path(
    get, path = "/docs", tag = "about",
    responses((status = 200, description = "this document, for people", body = String, content_type = "text/html"))
)]
pub(crate) async fn docs(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let html = Page::of(&described(&state)?).render().map_err(|error| Problem::internal(&error))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .body(html))
}

fn described(state: &State) -> Result<Value, Problem> {
    let live = state.live.snapshot();
    document(live.as_ref().map(|live| &live.schema), state.clock.now().date_naive(), state.auth_required)
        .map_err(|error| Problem::internal(&error))
}

/// The tags, what matters most first.
const GROUPS: [&str; 5] = ["predictions", "emails", "config", "health", "about"];

#[derive(askama::Template)]
#[template(path = "docs.html")]
struct Page {
    title: String,
    version: String,
    description: String,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

struct Group {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: String,
    guarded: bool,
    body: Option<String>,
    answers: Vec<AnswerRow>,
}

struct AnswerRow {
    status: String,
    description: String,
    body: String,
}

struct Schema {
    name: String,
    description: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    kind: String,
    description: String,
}

impl Page {
    fn of(document: &Value) -> Self {
        let group = |name: &&str| Group { name: (*name).to_owned(), operations: Vec::new() };
        let mut groups: Vec<Group> = GROUPS.iter().map(group).collect();
        for (path, methods) in entries(&document["paths"]) {
            for (method, operation) in entries(methods) {
                let name = text(&operation["tags"][0]);
                let operation = Operation::of(method, path, operation);
                if let Some(group) = groups.iter_mut().find(|group| group.name == name) {
                    group.operations.push(operation);
                }
            }
        }
        Self {
            title: text(&document["info"]["title"]),
            version: text(&document["info"]["version"]),
            description: text(&document["info"]["description"]),
            groups,
            schemas: entries(&document["components"]["schemas"])
                .map(|(name, schema)| Schema::of(name, schema))
                .collect(),
        }
    }
}

impl Operation {
    fn of(method: &str, path: &str, operation: &Value) -> Self {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let answers = entries(&operation["responses"]).map(|(status, answer)| AnswerRow {
            status: status.clone(),
            description: text(&answer["description"]),
            body: entries(&answer["content"])
                .map(|(media, content)| format!("{media}: {}", kind(&content["schema"])))
                .collect::<Vec<_>>()
                .join(", "),
        });
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            guarded: operation.get("security").is_some(),
            body: (!body.is_null()).then(|| kind(body)),
            answers: answers.collect(),
        }
    }
}

impl Schema {
    fn of(name: &str, schema: &Value) -> Self {
        let fields = entries(&schema["properties"]).map(|(name, field)| Field {
            name: name.clone(),
            kind: kind(field),
            description: text(&field["description"]),
        });
        Self { name: name.to_owned(), description: text(&schema["description"]), fields: fields.collect() }
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(any) = schema[key].as_array() {
            return any.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let name = match &schema["type"] {
        Value::Array(names) => names.iter().map(text).collect::<Vec<_>>().join(" or "),
        name => text(name),
    };
    match (name.as_str(), schema["format"].as_str()) {
        ("array", _) => format!("array of {}", kind(&schema["items"])),
        (_, Some(format)) => format!("{name} ({format})"),
        _ => name,
    }
}
