//! What became of clients: taken once, in any order, and answered when it is in the database.

use reqwest::{Method, Response, header};
use serde_json::{Value, json};

use crate::world::Service;

async fn post(service: &Service, body: &Value) -> Response {
    service.request(Method::POST, "/outcomes").json(body).send().await.unwrap()
}

async fn told(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

fn left(client: &str, id: &str) -> Value {
    json!({ "client_id": client, "churned": true, "occurred_at": "2026-10-01T10:00:00Z", "id": id })
}

#[tokio::test]
async fn one_is_taken_once_corrected_and_retracted() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    let mut statement =
        json!({ "client_id": "c", "churned": true, "occurred_at": "2026-10-01T10:00:00+02:00" });
    let taken = |effect: &str| json!({ "client_id": "c", "id": "2026-10-01T08:00:00Z", "effect": effect });
    assert_eq!(told(post(&service, &statement).await).await, taken("recorded"));
    assert_eq!(told(post(&service, &statement).await).await, taken("unchanged"));
    statement["churned"] = false.into();
    assert_eq!(told(post(&service, &statement).await).await, taken("corrected"));
    statement["churned"] = true.into();
    statement["corrected_at"] = "2026-10-02T00:00:00Z".into();
    assert_eq!(told(post(&service, &statement).await).await, taken("superseded"), "it comes late");
    statement["churned"] = Value::Null;
    statement["corrected_at"] = Value::Null;
    assert_eq!(told(post(&service, &statement).await).await, taken("corrected"));
    let stored = service.database.outcomes_of("c").await.unwrap();
    assert_eq!((stored.len(), stored[0].churned), (1, None));
}

#[tokio::test]
async fn many_are_each_taken_or_refused_in_the_order_they_came() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    let bad = json!({ "client_id": "", "churned": "no", "occurred_at": "2999-01-01" });
    let rows = [left("a", "1"), bad, json!(7), left("b", "1"), left("a", "1")];
    let answer = told(post(&service, &json!(rows)).await).await;
    let effects: Vec<_> = answer.as_array().unwrap().iter().map(|row| row["effect"].clone()).collect();
    assert_eq!(effects, [json!("recorded"), Value::Null, Value::Null, json!("recorded"), json!("unchanged")]);
    let at_fault: Vec<_> =
        answer[1]["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    assert_eq!(
        (&answer[1]["status"], at_fault),
        (&json!(422), vec![json!("churned"), json!("client_id"), json!("occurred_at")])
    );
    assert_eq!(answer[2]["errors"][0]["field"], "body");

    let lines = rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n\n{\"broken\n";
    let request =
        service.request(Method::POST, "/outcomes").header(header::CONTENT_TYPE, "application/x-ndjson");
    let response = request.body(lines).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/x-ndjson");
    let text = response.text().await.unwrap();
    let answer: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> =
        answer.iter().map(|row| row["effect"].as_str().map_or(row["status"].clone(), Value::from)).collect();
    assert_eq!(
        said,
        [json!("unchanged"), json!(422), json!(422), json!("unchanged"), json!("unchanged"), json!(400)]
    );
    assert_eq!(service.database.outcomes_after(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_no_statement_is_refused_and_no_more_than_so_many_are_taken() {
    let service = Service::start(&[("auth.mode", "off"), ("server.max_batch_rows", "2")]).await;
    for (body, status) in [("", 400), ("{", 400), ("7", 422), ("{}", 422), ("[", 400)] {
        let request =
            service.request(Method::POST, "/outcomes").header(header::CONTENT_TYPE, "application/json");
        assert_eq!(request.body(body).send().await.unwrap().status(), status, "{body}");
    }
    let three = post(&service, &json!(["1", "2", "3"].map(|id| left("a", id)))).await;
    assert_eq!(three.status(), 422);
    assert_eq!(told(post(&service, &json!([])).await).await, json!([]));
    let plain = service.request(Method::POST, "/outcomes").header(header::CONTENT_TYPE, "text/csv");
    assert_eq!(plain.body("a,b").send().await.unwrap().status(), 415);
    assert_eq!(service.database.outcomes_after(None, 10).await.unwrap(), []);
}

/// The shared token asks for predictions; what became of clients takes a token that says so.
#[tokio::test]
async fn the_scope_is_its_own() {
    let service = Service::start(&[("auth.mode", "required")]).await;
    assert_eq!(post(&service, &left("a", "1")).await.status(), 403);
    assert_eq!(service.request(Method::GET, "/flagged").send().await.unwrap().status(), 200);
    let stranger = reqwest::get(format!("{}/flagged", service.url));
    assert_eq!(stranger.await.unwrap().status(), 401);
    let stranger = reqwest::Client::new().post(format!("{}/outcomes", service.url)).json(&left("a", "1"));
    assert_eq!(stranger.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn nothing_is_answered_as_taken_that_the_database_does_not_have() {
    let service = Service::start(&[("auth.mode", "off")]).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(service.database_file());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    // Somebody holds the database for longer than a write waits.
    let mut holding = pool.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let refused = post(&service, &json!([left("a", "1"), left("b", "1")])).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    sqlx::query("SELECT 1").execute(&mut *holding).await.unwrap();
    holding.rollback().await.unwrap();
    assert_eq!(service.database.outcomes_after(None, 10).await.unwrap(), []);
    let answer = told(post(&service, &json!([left("a", "1"), left("b", "1")])).await).await;
    assert_eq!((&answer[0]["effect"], &answer[1]["effect"]), (&json!("recorded"), &json!("recorded")));
}
