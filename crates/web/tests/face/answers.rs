//! What every answer carries, whoever made it.

use reqwest::{Method, Response};
use serde_json::Value;

use crate::world::{TOKEN, World, recorder};

/// An id, and the security headers.
fn is_dressed(response: &Response) {
    let headers = response.headers();
    assert!(uuid::Uuid::parse_str(headers["x-request-id"].to_str().unwrap()).is_ok());
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(headers[name], value, "{name} of {}", response.url());
    }
}

#[tokio::test]
async fn answers_refusals_and_errors_alike_carry_an_id_and_the_security_headers() {
    let world = World::start(&[]).await;
    for (path, status) in [
        ("/open", 200),
        ("/health", 200),
        ("/predict", 401),
        ("/fails", 409),
        ("/panics", 500),
        ("/nowhere", 404),
    ] {
        let response = world.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        is_dressed(&response);
    }
    let refused = world.with(TOKEN, "/config").await;
    assert_eq!(refused.status(), 403);
    is_dressed(&refused);
}

#[tokio::test]
async fn callers_are_asked_to_leave_by_every_answer_of_a_process_that_drains() {
    let world = World::start(&[]).await;
    let paths = ["/open", "/health", "/predict", "/fails", "/panics", "/nowhere"];
    for path in paths {
        let answer = world.get(path).await;
        assert_eq!(answer.headers().get("connection"), None, "{path}");
    }
    world.draining.begin();
    for path in paths {
        let answer = world.get(path).await;
        assert_eq!(answer.headers()["connection"], "close", "{path}");
        is_dressed(&answer);
    }
}

#[tokio::test]
async fn a_panic_is_answered_counted_and_harms_no_other_request() {
    let world = World::start(&[]).await;
    for _ in 0..3 {
        let response = world.get("/panics").await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (500, &"application/problem+json".parse().unwrap())
        );
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["detail"], "something failed on our side", "the message stays in the log");
    }
    assert_eq!(world.get("/open").await.status(), 200);
    assert!(recorder().render().contains("bellwether_http_panics_total"));
}

#[tokio::test]
async fn a_trace_that_came_in_goes_back_out_under_a_span_of_ours() {
    let world = World::start(&[]).await;
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ask = async |given: &str| {
        let request = world.request(Method::GET, "/fails").header("traceparent", given);
        let response = request.send().await.unwrap();
        response.headers().get("traceparent").map(|value| value.to_str().unwrap().to_owned())
    };
    let told = ask(given).await.unwrap();
    assert!(told.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && told.ends_with("-01"), "{told}");
    assert_ne!(told, given);
    assert_eq!(ask("00-nonsense").await, None);
    assert!(!world.get("/open").await.headers().contains_key("traceparent"));
}

#[tokio::test]
async fn metrics_know_routes_and_no_paths() {
    let world = World::start(&[]).await;
    bellwether_web::metrics::tell_build("test");
    for path in ["/open", "/fails", "/made-up-by-a-caller", "/predict/made-up"] {
        world.get(path).await;
    }
    let metrics = recorder().render();
    assert!(
        metrics.contains("bellwether_http_request_seconds_bucket{route=\"/open\",status=\"200\""),
        "{metrics}"
    );
    assert!(metrics.contains("route=\"/fails\",status=\"409\""), "{metrics}");
    assert!(metrics.contains("route=\"unknown\",status=\"404\""), "{metrics}");
    assert!(!metrics.contains("made-up"), "{metrics}");
    assert!(metrics.contains("bellwether_build_info{"), "{metrics}");
}
