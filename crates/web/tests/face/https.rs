//! Requests that came by http, or by https, as proxies tell.

use reqwest::{Method, Response};

use crate::world::{TOKEN, World};

/// We are the proxy: requests come from loopback.
const PROXY: (&str, &str) = ("server.trusted_proxies", "127.0.0.1, ::1");
/// Somebody else is: we are a stranger.
const ELSEWHERE: (&str, &str) = ("server.trusted_proxies", "10.0.0.0/8");
const REDIRECT: (&str, &str) = ("server.https_redirect", "true");

async fn told(world: &World, method: Method, path: &str, scheme: &str) -> Response {
    let request = world.request(method, path).header("host", "api.example.com");
    let request = request.header("x-forwarded-proto", scheme).header("x-forwarded-for", "198.51.100.7");
    request.bearer_auth(TOKEN).send().await.unwrap()
}

#[tokio::test]
async fn http_is_sent_to_https_with_host_path_and_query() {
    let world = World::start(&[PROXY, REDIRECT]).await;
    for method in [Method::GET, Method::HEAD] {
        let response = told(&world, method, "/predict?a=b%20c", "http").await;
        assert_eq!(response.status(), 308);
        assert_eq!(response.headers()["location"], "https://api.example.com/predict?a=b%20c");
        assert!(
            !response.headers().contains_key("strict-transport-security"),
            "nobody believes it over http"
        );
        assert!(response.headers().contains_key("x-request-id"));
    }
    assert_eq!(told(&world, Method::GET, "/predict", "https").await.status(), 200);
}

#[tokio::test]
async fn a_body_that_was_sent_by_http_is_refused_rather_than_sent_again() {
    let world = World::start(&[PROXY, REDIRECT]).await;
    let response = told(&world, Method::POST, "/predict", "http").await;
    assert_eq!(response.status(), 403);
    assert!(response.text().await.unwrap().contains("https is required here"));
    assert_eq!(told(&world, Method::POST, "/predict", "https").await.status(), 200);
}

#[tokio::test]
async fn health_is_told_by_http_too() {
    let world = World::start(&[PROXY, REDIRECT]).await;
    assert_eq!(world.get("/health").await.status(), 200);
}

#[tokio::test]
async fn a_strangers_word_counts_for_nothing() {
    let world = World::start(&[ELSEWHERE, REDIRECT]).await;
    let response = told(&world, Method::GET, "/predict", "https").await;
    assert_eq!(response.status(), 308, "it came by http, whatever it says");
    assert!(!response.headers().contains_key("strict-transport-security"));
    let without_redirect = World::start(&[ELSEWHERE]).await;
    let response = told(&without_redirect, Method::GET, "/open", "https").await;
    assert!(!response.headers().contains_key("strict-transport-security"));
    assert_eq!(response.text().await.unwrap(), "127.0.0.1 false");
}

#[tokio::test]
async fn a_trusted_proxys_word_is_the_clients_address_and_hsts_goes_out_over_https() {
    let world = World::start(&[PROXY, ("server.hsts_seconds", "600")]).await;
    let response = told(&world, Method::GET, "/open", "https").await;
    assert_eq!(response.headers()["strict-transport-security"], "max-age=600");
    assert_eq!(response.text().await.unwrap(), "198.51.100.7 true");
    let response = told(&world, Method::GET, "/open", "http").await;
    assert!(!response.headers().contains_key("strict-transport-security"));
    let untold = World::start(&[PROXY, ("server.hsts_seconds", "0")]).await;
    let response = told(&untold, Method::GET, "/open", "https").await;
    assert!(!response.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_stranger_cannot_escape_its_rate_limit_by_naming_other_addresses() {
    let limits = [("server.rate_limit_per_second", "1"), ("server.rate_limit_burst", "1")];
    let asks = async |world: &World, client: &str| {
        let request = world.request(Method::GET, "/open").header("x-forwarded-for", client);
        request.send().await.unwrap().status().as_u16()
    };
    let world = World::start(&[ELSEWHERE, limits[0], limits[1]]).await;
    assert_eq!((asks(&world, "198.51.100.1").await, asks(&world, "198.51.100.2").await), (200, 429));
    let behind = World::start(&[PROXY, limits[0], limits[1]]).await;
    assert_eq!((asks(&behind, "198.51.100.1").await, asks(&behind, "198.51.100.2").await), (200, 200));
    assert_eq!(asks(&behind, "198.51.100.1").await, 429);
}
