//! What Sentry is told of errors and panics, and what it is not told.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::net::TcpListener;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use bellwether_testkit::sentry::SentryServer;
use bellwether_testkit::wait::until;
use bellwether_web::health::Draining;
use bellwether_web::{Face, Problem, logs, sentry};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const UID: &str = "0197a3c2-7c3e-7d4a-9d43-3f3f3f3f3f3f";

/// A handler that fails as a prediction might: it knows its client, and its uid.
async fn fails(body: web::Json<Value>) -> Result<HttpResponse, Problem> {
    logs::name_uid(Uuid::parse_str(UID).unwrap());
    tracing::warn!(target: "bellwether_test", "something came before");
    assert!(body.get("client_id").is_some());
    Err(Problem::internal(&"the model gave out"))
}

/// A handler whose panic would tell what the client sent.
async fn panics(body: web::Json<Value>) -> HttpResponse {
    logs::name_uid(Uuid::parse_str(UID).unwrap());
    panic!("no sense in {body:?}")
}

#[tokio::test]
async fn an_error_and_a_panic_arrive_with_their_ids_and_without_client_data() {
    let kent = SentryServer::start().await;
    let variables = [("AUTH__MODE", "off"), ("ENVIRONMENT", "stage"), ("SENTRY__DSN", &kent.dsn())];
    let variables = variables.map(|(name, value)| (format!("BELLWETHER__{name}"), value.to_owned()));
    let settings =
        futures_util::FutureExt::now_or_never(bellwether_settings::load_from(None, variables.into_iter()))
            .unwrap()
            .unwrap();
    let reports = sentry::begin(&settings).unwrap();
    logs::begin(&settings.log).unwrap();
    // The test's own panics are to be read.
    let ours = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        eprintln!("{panic}");
        ours(panic);
    }));
    let (stop, listener) = (CancellationToken::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let face = Face::begin(&settings, Draining::default(), &stop).await.unwrap();
    let server = HttpServer::new(move || {
        let face = face.clone();
        App::new()
            .wrap(from_fn(move |request, next| face.clone().serve(request, next)))
            .wrap(logs::requests())
            .route("/fails", web::post().to(fails))
            .route("/panics", web::post().to(panics))
    });
    tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());

    let mut ids = Vec::new();
    for path in ["/fails?client=C-4711", "/panics?client=C-4711"] {
        let body = json!({ "client_id": "C-4711", "xp_points": 987_654_321 });
        let request = reqwest::Client::new().post(format!("{url}{path}")).json(&body);
        let response = request.header("authorization", "Bearer somebodys-token").send().await.unwrap();
        assert_eq!(response.status(), 500, "{path}");
        ids.push(response.headers()["x-request-id"].to_str().unwrap().to_owned());
    }
    until("both are reported", Duration::from_secs(20), || async { kent.reports().await.len() >= 2 }).await;
    drop(reports);
    let all = kent.reports().await;
    assert_eq!(all.len(), 2, "each is reported once: {all:#?}");
    for (id, route) in ids.iter().zip(["/fails", "/panics"]) {
        let report = all.iter().find(|report| report["tags"]["route"] == route).unwrap();
        assert_eq!(report["environment"], "stage");
        assert_eq!(report["release"], concat!("bellwether@", env!("CARGO_PKG_VERSION")));
        assert_eq!((&report["tags"]["uid"], &report["tags"]["request_id"]), (&json!(UID), &json!(id)));
        // What is of no other level is an error.
        assert_eq!(report["level"].as_str().unwrap_or("error"), "error");
        for absent in ["request", "user", "server_name"] {
            assert!(report.get(absent).is_none_or(Value::is_null), "{absent}: {report:#}");
        }
        let text = report.to_string();
        for secret in ["C-4711", "987654321", "xp_points", "somebodys-token"] {
            assert!(!text.contains(secret), "{secret}: {report:#}");
        }
    }
    let text = serde_json::to_string(&all).unwrap();
    assert!(text.contains("the model gave out") && text.contains("something came before"), "{text}");
    let panicked = all.iter().find(|report| report["message"] == "panicked").unwrap();
    assert!(panicked["fingerprint"][1].as_str().unwrap().contains("tests/sentry.rs"), "{panicked:#}");
    let frames = panicked["threads"]["values"][0]["stacktrace"]["frames"].to_string();
    assert!(frames.contains("sentry::panics"), "a panic tells where it came from: {frames}");
    stop.cancel();
}
