//! What cannot be taken is refused with every field at fault, in the status that says why.

use bellwether_core::config::Percentage;
use bellwether_store::Role;
use reqwest::Method;
use serde_json::json;

use crate::world::{Made, World, fields};

#[actix_web::test]
async fn every_field_at_fault_is_named_at_once() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let body = json!({
        "document": { "proba_cutoff": 7, "arms": [{ "model": "x", "percentage": 90 }], "cutof": 1 },
        "reason": "", "base": "one", "conform": true,
    });
    let (status, refused) = world.post(&editor, "/api/proposals", &body).await;
    assert_eq!(status, 422);
    let named = fields(&refused);
    for field in ["proba_cutoff", "arms", "cutof", "reason", "base", "conform"] {
        assert!(named.contains(&field), "{field} is not among {named:?}");
    }
    let unknown = json!({
        "document": { "arms": [{ "model": "bw-none", "percentage": 100 }] }, "reason": "no such model",
    });
    let (status, refused) = world.post(&editor, "/api/proposals", &unknown).await;
    assert_eq!((status, fields(&refused)), (422, vec!["arms[0].model"]), "{refused}");
}

#[actix_web::test]
async fn a_revert_that_draws_clients_anew_is_asked_about() {
    let world = World::start().await;
    let approver = world.token(Made::of("ann", Role::Approver)).await;
    world.change_production(|document| document.experiment_salt = "another".to_owned()).await;
    world
        .change_production(|document| document.holdout_percentage = Percentage::try_from(10.0).unwrap())
        .await;
    let path = "/api/environments/prod/versions/1/revert";
    let (status, asked) = world.post(&approver, path, &json!({ "reason": "it was better" })).await;
    assert_eq!((status, fields(&asked)), (409, vec!["confirmed"]), "{asked}");
    let (_, list) = world.get(&approver, "/api/proposals").await;
    assert_eq!(list["proposals"], json!([]));
    let order = json!({ "reason": "it was better", "confirmed": true });
    let (status, told) = world.post(&approver, path, &order).await;
    assert_eq!((status, &told["reassignment"]["salt_changed"]), (201, &json!(true)), "{told}");
    let order = json!({ "reason": "it was better", "confirmed": "yes" });
    let (status, refused) = world.post(&approver, path, &order).await;
    assert_eq!((status, fields(&refused)), (422, vec!["confirmed"]), "{refused}");
}

#[actix_web::test]
async fn a_bake_at_fault_is_named_by_its_path() {
    let world = World::start().await;
    let approver = world.token(Made::of("ann", Role::Approver)).await;
    let body = json!({
        "revision": 1,
        "bake": { "seconds": 0, "minutes": 1, "limits": { "max_failed_percent": 101, "min_answers": u64::MAX } },
    });
    let (status, refused) = world.post(&approver, "/api/proposals/1/promote", &body).await;
    assert_eq!(status, 422);
    let named = fields(&refused);
    for field in ["bake.seconds", "bake.minutes", "bake.limits.max_failed_percent", "bake.limits.min_answers"]
    {
        assert!(named.contains(&field), "{field} is not among {named:?}");
    }
    let body = json!({ "revision": 1, "bake": { "limits": { "max_speed": 1 } } });
    let (status, refused) = world.post(&approver, "/api/proposals/1/promote", &body).await;
    assert_eq!(status, 422, "{refused}");
    assert!(refused["errors"][0]["field"].as_str().unwrap().starts_with("bake.limits"), "{refused}");
}

#[actix_web::test]
async fn each_way_to_send_no_good_body_has_its_status() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let send = async |kind: &str, body: Vec<u8>| {
        let request = world.request(Method::POST, "/api/proposals").bearer_auth(&editor);
        let answer = request.header("content-type", kind).body(body).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        answer.status().as_u16()
    };
    let json = "application/json";
    assert_eq!(send(json, Vec::new()).await, 400);
    assert_eq!(send(json, b"{\"reason\": NaN}".to_vec()).await, 400);
    assert_eq!(send(json, b"{\"reason\": \"\xff\"}".to_vec()).await, 400);
    assert_eq!(send(json, b"[]".to_vec()).await, 422);
    assert_eq!(send(json, vec![b' '; (256 << 10) + 1]).await, 413);
    assert_eq!(send("application/x-www-form-urlencoded", b"reason=x".to_vec()).await, 415);
    let deep = format!("{{\"document\": {}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(send(json, deep.into_bytes()).await, 422);
}

#[actix_web::test]
async fn wrong_methods_unknown_routes_and_unknown_things_are_told_apart() {
    let world = World::start().await;
    let admin = world.token(Made::of("adam", Role::Admin)).await;
    for (method, path, allowed) in [
        (Method::DELETE, "/api/proposals", "GET, POST"),
        (Method::POST, "/api/payloads/x", "GET, PUT, DELETE"),
        (Method::GET, "/api/proposals/1/promote", "POST"),
        (Method::POST, "/api/audit", "GET"),
    ] {
        let answer = world.request(method.clone(), path).bearer_auth(&admin).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &allowed.parse().unwrap()));
    }
    for path in [
        "/api",
        "/api/",
        "/api/none",
        "/api/proposals/1/none",
        "/api/proposals/x",
        "/api/proposals/-1",
        "/api/proposals/+1",
        "/api/proposals/99999999999999999999",
        "/api/proposals/9223372036854775807",
        "/api/environments/local/config",
        "/api/environments/prod%27--/config",
        "/api/environments/prod/versions/7",
    ] {
        let (status, told) = world.get(&admin, path).await;
        assert_eq!((status, &told["status"]), (404, &json!(404)), "{path}: {told}");
    }
}

#[actix_web::test]
async fn a_parameter_at_fault_is_named() {
    let world = World::start().await;
    let viewer = world.token(Made::of("vera", Role::Viewer)).await;
    for (path, named) in [
        ("/api/proposals?limit=0", vec!["limit"]),
        ("/api/proposals?limit=201&before=x", vec!["before", "limit"]),
        ("/api/proposals?limit=1&limit=2", vec!["limit"]),
        ("/api/proposals?before=18446744073709551616", vec!["before"]),
        ("/api/audit?after=-1", vec!["after"]),
        ("/api/audit?order=1;drop", vec!["order"]),
        ("/api/proposals/1?wait_seconds=61&revision=1", vec!["wait_seconds"]),
        ("/api/proposals/1?wait_seconds=5", vec!["revision"]),
        ("/api/overview?verbose=1", vec!["verbose"]),
    ] {
        let (status, told) = world.get(&viewer, path).await;
        assert_eq!((status, fields(&told)), (422, named), "{path}: {told}");
    }
}
