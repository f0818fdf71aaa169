//! Which routes want which scope, and what is described of that.

use bellwether_store::Database as _;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use reqwest::Method;
use serde_json::Value;

use crate::world::Service;

const PREDICTION: &str = r#"{"client_id": "C-4711", "xp_points": 17}"#;

#[tokio::test]
async fn every_route_wants_its_scope_and_the_rest_are_open() {
    let service = Service::start(&[]).await;
    let routes = [
        (Method::POST, "/predict", 200),
        (Method::POST, "/predict/batch", 422),
        (Method::POST, "/explain", 200),
        (Method::POST, "/emails", 422),
        (Method::GET, "/jobs/00000000-0000-7000-8000-000000000000", 404),
        (Method::GET, "/config", 403),
        (Method::POST, "/config-refresh", 403),
        (Method::GET, "/bundles", 403),
        (Method::GET, "/bundles/no_such/parity", 403),
    ];
    for (method, path, with_token) in routes {
        let bare = reqwest::Client::new().request(method.clone(), format!("{}{path}", service.url));
        let refused = bare.body(PREDICTION).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
        assert!(refused.headers().contains_key("x-request-id"), "{path}");
        let asked = service.request(method, path).header("content-type", "application/json").body(PREDICTION);
        assert_eq!(asked.send().await.unwrap().status(), with_token, "{path}");
    }
    for path in ["/", "/health", "/ready", "/metrics", "/docs", "/openapi.json"] {
        assert_eq!(reqwest::get(format!("{}{path}", service.url)).await.unwrap().status(), 200, "{path}");
    }
    let trial = service.request(Method::POST, "/predict").header("x-bellwether-purpose", "trial");
    assert_eq!(trial.body(PREDICTION).send().await.unwrap().status(), 403, "a purpose wants `config`");
}

#[tokio::test]
async fn refusals_are_described() {
    let service = Service::start(&[]).await;
    let response = service.request(Method::GET, "/openapi.json").send().await.unwrap();
    let document: Value = response.json().await.unwrap();
    let responses = &document["paths"]["/predict"]["post"]["responses"];
    for status in ["401", "403", "429", "503"] {
        let content = &responses[status]["content"]["application/problem+json"];
        assert!(content.is_object(), "{status}: {responses}");
    }
    assert!(responses["429"]["headers"]["Retry-After"].is_object());
    assert!(responses["401"]["headers"]["WWW-Authenticate"].is_object());
    assert!(document["paths"]["/health"]["get"]["responses"].get("429").is_none());
}

#[tokio::test]
async fn wrong_settings_end_the_start_and_are_named() {
    for (settings, name) in [
        (vec![("BELLWETHER__AUTH__JWKS_FILE", "/nowhere/keys.json")], "auth.jwks_file"),
        (
            vec![
                ("BELLWETHER__SERVER__TLS_CERTIFICATE_FILE", "/nowhere/tls.crt"),
                ("BELLWETHER__SERVER__TLS_KEY_FILE", "/nowhere/tls.key"),
            ],
            "server.tls_certificate_file",
        ),
        (vec![("BELLWETHER__SENTRY__DSN", "nonsense")], "sentry.dsn"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let database = path("database.sqlite");
        let database = Sqlite::connect(&database, SqliteOptions::default()).await.unwrap();
        database.migrate().await.unwrap();
        database.close().await;
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_bellwether-api"))
            .env("BELLWETHER__SERVER__BIND", "127.0.0.1:0")
            .env("BELLWETHER__AUTH__TOKEN", crate::world::TOKEN)
            .env("BELLWETHER__AUTH__JWT_ISSUER", "issuer")
            .env("BELLWETHER__AUTH__JWT_AUDIENCE", "audience")
            .env("BELLWETHER__DATABASE__URL", format!("sqlite://{}", path("database.sqlite")))
            .env("BELLWETHER__JOURNAL__PATH", path("journal.sqlite"))
            .env("BELLWETHER__QUEUE__PATH", path("queue.sqlite"))
            .env("BELLWETHER__ARCHIVE__URL", "")
            .envs(settings)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(&format!("bellwether-api: {name}: ")), "{told}");
    }
}
