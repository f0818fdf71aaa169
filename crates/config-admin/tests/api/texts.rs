//! SQL, scripts and odd characters in every text field come back exactly, and change nothing else.

use bellwether_store::Role;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Made, World};

const TEXTS: [&str; 6] = [
    "'; DROP TABLE proposals; --",
    "\" OR \"\"=\"",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{ 7*7 }} ${jndi:ldap://x} %s %00 \\' /*",
    "../../etc/passwd?x=1&y=2#z",
    "\u{202e}ʇxǝʇ 𝕏 é \u{200b}",
];

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What must not change: every version, and what people may do.
async fn rest(world: &World, token: &str) -> Value {
    let (_, prod) = world.get(token, "/api/environments/prod/history").await;
    let (_, stage) = world.get(token, "/api/environments/stage/history").await;
    let (_, me) = world.get(token, "/api/me").await;
    json!([prod, stage, me])
}

#[actix_web::test]
async fn reasons_come_back_as_they_were_given() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let before = rest(&world, &editor).await;
    for (at, text) in TEXTS.iter().enumerate() {
        let draft = world.draft(&editor, 0.7, text).await;
        let (status, told) = world.post(&editor, "/api/proposals", &draft).await;
        assert_eq!((status, &told["proposal"]["reason"]), (201, &json!(text)), "{told}");
        let path = format!("/api/proposals/{}", at + 1);
        let (_, read) = world.get(&editor, &path).await;
        assert_eq!(read["proposal"]["reason"], json!(text));
        let mut edit = world.draft(&editor, 0.71, &format!("{text} once more")).await;
        edit["revision"] = json!(1);
        let (status, told) = world.call(&editor, Method::PUT, &path, Some(&edit)).await;
        assert_eq!((status, &told["proposal"]["reason"]), (200, &edit["reason"]), "{told}");
    }
    let (_, list) = world.get(&editor, "/api/proposals").await;
    assert_eq!(list["proposals"].as_array().unwrap().len(), TEXTS.len());
    assert_eq!(rest(&world, &editor).await, before);
    let (_, verdict) = world.get(&editor, "/api/audit/verify").await;
    assert_eq!(verdict["holds"], true, "{verdict}");
}

#[actix_web::test]
async fn a_salt_comes_back_as_it_was_given() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    for text in TEXTS {
        let mut draft = world.draft(&editor, 0.7, "another salt").await;
        draft["document"]["experiment_salt"] = json!(text);
        draft["confirmed"] = json!(true);
        let (status, told) = world.post(&editor, "/api/proposals", &draft).await;
        assert_eq!((status, &told["proposal"]["document"]), (201, &draft["document"]), "{told}");
    }
}

#[actix_web::test]
async fn payloads_keep_their_names_and_their_content() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let before = rest(&world, &editor).await;
    for text in TEXTS {
        let path = format!("/api/payloads/{}", encoded(text));
        let body = json!({ "payload": { text: text, "nested": [text] }, "expected_high_risk": true });
        let (status, told) = world.call(&editor, Method::PUT, &path, Some(&body)).await;
        assert_eq!(
            (status, &told["name"], &told["payload"]),
            (200, &json!(text), &body["payload"]),
            "{told}"
        );
        let (status, read) = world.get(&editor, &path).await;
        assert_eq!((status, &read), (200, &told));
    }
    let (_, list) = world.get(&editor, "/api/payloads").await;
    assert_eq!(list["payloads"].as_array().unwrap().len(), TEXTS.len());
    for (gone, text) in TEXTS.iter().enumerate() {
        let path = format!("/api/payloads/{}", encoded(text));
        assert_eq!(world.call(&editor, Method::DELETE, &path, None).await.0, 204);
        assert_eq!(world.get(&editor, &path).await.0, 404);
        let (_, list) = world.get(&editor, "/api/payloads").await;
        assert_eq!(list["payloads"].as_array().unwrap().len(), TEXTS.len() - gone - 1);
    }
    assert_eq!(rest(&world, &editor).await, before);
}

#[actix_web::test]
async fn why_an_admin_goes_past_staging_and_why_somebody_reverts_come_back_as_given() {
    let world = World::start().await;
    let admin = world.token(Made::of("adam", Role::Admin)).await;
    let draft = world.draft(&admin, 0.7, "at once").await;
    world.post(&admin, "/api/proposals", &draft).await;
    let order = json!({ "revision": 1, "why": TEXTS[0], "bake": { "seconds": null } });
    let (status, told) = world.post(&admin, "/api/proposals/1/promote-past-staging", &order).await;
    assert_eq!((status, &told["proposal"]["emergency"]["reason"]), (200, &json!(TEXTS[0])), "{told}");
    for text in TEXTS {
        let revert = "/api/environments/prod/versions/1/revert";
        let (status, told) = world.post(&admin, revert, &json!({ "reason": text })).await;
        assert_eq!((status, &told["proposal"]["reason"]), (201, &json!(text)), "{told}");
        assert_eq!((&told["proposal"]["kind"], &told["proposal"]["version"]), (&json!("revert"), &json!(1)));
    }
}
