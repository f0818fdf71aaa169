//! The JSON API: all that the pages do about config, for pipelines and for `bellwether config`. A file a subject; each
//! handler asks who calls, reads its request, calls one operation of [`crate::console`] and writes its answer. Only
//! tokens are taken here, never the cookie of a session, so that no other site can make a browser call.

mod audit;
mod body;
mod drift;
mod environments;
mod experiments;
mod me;
mod openapi;
mod overview;
mod payloads;
mod proposals;
mod query;
mod replicas;
mod steps;
mod wire;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpResponse, ResponseError as _, web};
use bellwether_web::Problem;

/// Every route of the API. The names are version 1 and change only by addition.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let environment = "/environments/{environment}";
    let version = format!("{environment}/versions/{{version}}");
    let api = web::scope("/api")
        .service(resource("/overview", "GET").get(overview::overview))
        .service(resource("/models", "GET").get(overview::models))
        .service(resource(&format!("{environment}/config"), "GET").get(environments::live))
        .service(resource(&format!("{environment}/history"), "GET").get(environments::history))
        .service(resource(&version, "GET").get(environments::version))
        .service(resource(&format!("{version}/diff"), "GET").get(environments::diff))
        .service(resource(&format!("{environment}/replicas/forget"), "POST").post(replicas::forget))
        .service(resource("/environments/prod/versions/{version}/revert", "POST").post(steps::revert))
        .service(resource("/proposals", "GET, POST").get(proposals::list).post(proposals::propose))
        .service(resource("/proposals/{id}", "GET, PUT").get(proposals::one).put(proposals::edit))
        .service(resource("/proposals/{id}/try", "POST").post(steps::try_in_staging))
        .service(resource("/proposals/{id}/approve", "POST").post(steps::approve))
        .service(resource("/proposals/{id}/promote", "POST").post(steps::promote))
        .service(resource("/proposals/{id}/promote-past-staging", "POST").post(steps::promote_past_staging))
        .service(resource("/proposals/{id}/withdraw", "POST").post(steps::withdraw))
        .service(resource("/drift/{environment}", "GET").get(drift::all))
        .service(resource("/drift/{environment}/{model}", "GET").get(drift::one))
        .service(resource("/experiments/{environment}", "GET").get(experiments::list))
        .service(resource("/experiments/{environment}/{salt}", "GET").get(experiments::one))
        .service(resource("/payloads", "GET").get(payloads::list))
        .service(
            resource("/payloads/{name}", "GET, PUT, DELETE")
                .get(payloads::one)
                .put(payloads::save)
                .delete(payloads::delete),
        )
        .service(resource("/audit", "GET").get(audit::lines))
        .service(resource("/audit/verify", "GET").get(audit::verify))
        .service(resource("/me", "GET").get(me::me))
        .service(resource("/openapi.json", "GET").get(openapi::openapi))
        .default_service(web::to(unknown_route));
    config.service(api);
}

fn resource(path: &str, allowed: &'static str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(move || async move { wrong_method(allowed) }))
}

async fn unknown_route() -> HttpResponse {
    Problem::not_found("there is no such route; see /api/openapi.json").error_response()
}

/// How a resource answers a method it does not have.
fn wrong_method(allowed: &'static str) -> HttpResponse {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("expected {allowed}"));
    let mut response = problem.error_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
