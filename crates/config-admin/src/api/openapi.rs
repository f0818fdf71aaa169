//! `GET /api/openapi.json`: the routes as they are declared, and how each may refuse.

use actix_web::{HttpRequest, HttpResponse};
use bellwether_web::Problem;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{
    audit, drift, environments, experiments, me, overview, payloads, proposals, query, replicas, steps,
};

/// What a token is, for whoever reads the document.
const TOKENS: &str = "A token of the console, as `bwc_…`: people make them on their account's page, with a role and an \
     end, and it is shown once. A token may do what its role may, and never more than its owner may at the moment: \
     `viewer` looks, `editor` proposes, edits, tries in staging and keeps payloads, `approver` approves, promotes, \
     reverts and forgets replicas too, `admin` may promote past staging. Each route names the role that it needs. The cookie of a browser's \
     session is not taken here.";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bellwether config console",
        description = "Changes of config: proposed, tried in staging, promoted, watched, reverted.",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        overview::overview, overview::models,
        environments::live, environments::history, environments::version, environments::diff,
        replicas::forget, drift::all, drift::one, experiments::list, experiments::one,
        proposals::list, proposals::propose, proposals::one, proposals::edit,
        steps::try_in_staging, steps::approve, steps::promote, steps::promote_past_staging, steps::withdraw,
        steps::revert,
        payloads::list, payloads::one, payloads::save, payloads::delete,
        audit::lines, audit::verify, me::me, openapi,
    ),
    components(schemas(Problem)),
    modifiers(&Bearer),
)]
struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(TOKENS)).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

#[utoipa::path(
    get, path = "/api/openapi.json", tag = "about", operation_id = "openapi",
    responses((status = 200, description = "this document", body = Object))
)]
pub(super) async fn openapi(request: HttpRequest) -> Result<HttpResponse, Problem> {
    query::none(&request)?;
    Ok(HttpResponse::Ok().json(document().map_err(|error| Problem::internal(&error))?))
}

/// The document, every operation with the ways in which it may refuse.
///
/// # Errors
/// None in practice: the document always serialises.
pub(super) fn document() -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(Document::openapi())?;
    for (path, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for (_, operation) in methods.as_object_mut().into_iter().flatten() {
            refusals(path, operation);
            needs(operation);
            parameters(operation);
        }
    }
    Ok(document)
}

/// What follows from what an operation takes. A parameter that no route has is a fault everywhere.
fn refusals(path: &str, operation: &mut Value) {
    let mut refuse = |status: &str, description: &str| {
        operation["responses"][status] = problem(description);
    };
    refuse("422", "a field or a parameter cannot be taken; each is named");
    refuse("429", "too many requests of this caller");
    refuse("503", "too many requests at once, or the database or an environment cannot be reached");
    if path.contains('{') {
        refuse("404", "there is no such thing");
    }
    if path.ends_with("/diff") {
        refuse("409", "one of the versions is no config that could be live");
    }
    if operation.get("requestBody").is_some() {
        let mut refuse = |status: &str, description: &str| {
            operation["responses"][status] = problem(description);
        };
        refuse("400", "no body, or no JSON");
        refuse("404", "there is no such thing");
        refuse("408", "the body is too slow");
        refuse(
            "409",
            "it does not fit what is there: somebody else was quicker, its state forbids it, clients would be drawn \
             anew and that was not confirmed, or production is not what was seen, which is told field by field",
        );
        refuse("413", "the body is too large");
        refuse("415", "another media type");
        operation["requestBody"]["required"] = true.into();
    }
    for status in ["429", "503"] {
        operation["responses"][status]["headers"]["Retry-After"] = header("seconds to wait", "integer");
    }
}

/// Where a token is needed, it says which role, and two more answers are possible.
fn needs(operation: &mut Value) {
    let Some(role) = operation["security"][0]["bearer"][0].as_str() else { return };
    operation["description"] = format!("Needs the role `{role}`.").into();
    let answers = [
        ("401", "no token, or none that is known and still good"),
        ("403", "the token, or its owner, may not do this"),
    ];
    for (status, description) in answers {
        operation["responses"][status] = problem(description);
        let challenge = header("what a token has to be", "string");
        operation["responses"][status]["headers"]["WWW-Authenticate"] = challenge;
    }
}

/// A parameter that may be left out is never null, which is what an `Option` says; of environments there are two, and
/// what has a number begins at 1.
fn parameters(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let kinds = parameter["schema"]["type"].as_array();
        let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null")).cloned();
        if let Some(kind) = kind {
            parameter["schema"]["type"] = kind;
        }
        if parameter["name"] == "environment" {
            parameter["schema"]["enum"] = json!(["stage", "prod"]);
            parameter["example"] = "prod".into();
        } else if parameter["in"] == "path" && parameter["schema"]["type"] == "integer" {
            parameter["schema"]["minimum"] = 1.into();
            parameter["example"] = 1.into();
        }
    }
}

fn problem(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
}

fn header(description: &str, kind: &str) -> Value {
    json!({ "description": description, "schema": { "type": kind } })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_route_but_this_document_names_the_role_that_it_needs() {
        let document = document().unwrap();
        let mut seen = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let role = operation["security"][0]["bearer"][0].as_str();
                let known = ["viewer", "editor", "approver", "admin"].map(Some);
                let open = path == "/api/openapi.json";
                assert!(known.contains(&role) || open && role.is_none(), "{method} {path}: {role:?}");
                seen += 1;
            }
        }
        assert_eq!(seen, 29);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document().unwrap();
        let text = document.to_string();
        let names = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        for name in names {
            assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
        }
    }
}
