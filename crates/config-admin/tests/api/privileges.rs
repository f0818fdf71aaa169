//! Every route for every caller: who is let in, and who is not.

use bellwether_store::Role;
use bellwether_store::console::Step;
use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Made, World};

/// What a viewer, an editor, an approver and an admin are answered. 422 is what comes after the door: the body that is
/// sent names nothing.
type Answers = [u16; 4];

const LOOK: Answers = [200, 200, 200, 200];
const EDIT: Answers = [403, 422, 422, 422];
const APPROVE: Answers = [403, 403, 422, 422];
const RULE: Answers = [403, 403, 403, 422];

fn routes() -> Vec<(Method, &'static str, Answers)> {
    let proposal = |name: &'static str, answers| (Method::POST, name, answers);
    vec![
        (Method::GET, "/api/overview", LOOK),
        (Method::GET, "/api/models", LOOK),
        (Method::GET, "/api/environments/stage/config", LOOK),
        (Method::GET, "/api/environments/prod/config", LOOK),
        (Method::GET, "/api/environments/prod/history", LOOK),
        (Method::GET, "/api/environments/prod/versions/1", LOOK),
        (Method::GET, "/api/environments/prod/versions/1/diff?to=1", LOOK),
        (Method::GET, "/api/drift/prod", LOOK),
        (Method::GET, "/api/drift/prod/none", [404; 4]),
        (Method::GET, "/api/experiments/prod", LOOK),
        (Method::GET, "/api/experiments/prod/none", [404; 4]),
        (Method::GET, "/api/proposals", LOOK),
        (Method::GET, "/api/proposals/1", LOOK),
        (Method::GET, "/api/payloads", LOOK),
        (Method::GET, "/api/payloads/none", [404; 4]),
        (Method::GET, "/api/audit", LOOK),
        (Method::GET, "/api/audit/verify", LOOK),
        (Method::GET, "/api/me", LOOK),
        (Method::POST, "/api/proposals", EDIT),
        (Method::PUT, "/api/proposals/1", EDIT),
        proposal("/api/proposals/1/try", EDIT),
        proposal("/api/proposals/1/withdraw", EDIT),
        (Method::PUT, "/api/payloads/none", EDIT),
        (Method::DELETE, "/api/payloads/none", [403, 404, 404, 404]),
        proposal("/api/proposals/1/approve", APPROVE),
        proposal("/api/proposals/1/promote", APPROVE),
        proposal("/api/environments/prod/versions/1/revert", APPROVE),
        proposal("/api/environments/prod/replicas/forget", APPROVE),
        proposal("/api/proposals/1/promote-past-staging", RULE),
    ]
}

/// A world with proposal 1, and a token of each role.
async fn world() -> (World, [String; 4]) {
    let world = World::start().await;
    let viewer = world.token(Made::of("vera", Role::Viewer)).await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let approver = world.token(Made::of("ann", Role::Approver)).await;
    let admin = world.token(Made::of("adam", Role::Admin)).await;
    let draft = world.draft(&editor, 0.7, "to have one").await;
    let (status, told) = world.post(&editor, "/api/proposals", &draft).await;
    assert_eq!((status, &told["proposal"]["id"]), (201, &json!(1)), "{told}");
    (world, [viewer, editor, approver, admin])
}

#[actix_web::test]
async fn every_route_lets_in_the_roles_that_it_names_and_no_other() {
    let (world, tokens) = world().await;
    for (method, path, answers) in routes() {
        for (token, expected) in tokens.iter().zip(answers) {
            let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
            let (status, told) = world.call(token, method.clone(), path, body.as_ref()).await;
            let (_, me) = world.get(token, "/api/me").await;
            assert_eq!(status, expected, "{method} {path} as {}: {told}", me["role"]);
        }
    }
}

#[actix_web::test]
async fn no_route_is_missing_here() {
    let world = World::start().await;
    let document: Value =
        world.request(Method::GET, "/api/openapi.json").send().await.unwrap().json().await.unwrap();
    let known: Vec<_> = routes().into_iter().map(|(method, path, _)| (method.to_string(), path)).collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let is_it = |(m, p): &(String, &str)| *m == method && is_of(p, path);
            let open = path == "/api/openapi.json";
            assert!(open || known.iter().any(is_it), "{method} {path} is tried by nobody");
        }
    }
}

/// Whether a path is one of those that a template stands for.
fn is_of(path: &str, template: &str) -> bool {
    let path: Vec<_> = path.split('?').next().unwrap_or_default().split('/').collect();
    let template: Vec<_> = template.split('/').collect();
    let alike =
        path.iter().zip(&template).all(|(part, expected)| part == expected || expected.starts_with('{'));
    path.len() == template.len() && alike
}

#[actix_web::test]
async fn nobody_is_let_in_without_a_good_token() {
    let (world, [viewer, ..]) = world().await;
    let expired = Made { expires_at: Utc::now() - TimeDelta::seconds(1), ..Made::of("old", Role::Admin) };
    let disabled = Made { disabled: true, ..Made::of("out", Role::Admin) };
    let (expired, disabled) = (world.token(expired).await, world.token(disabled).await);
    let revoked = world.token(Made::of("rex", Role::Admin)).await;
    assert_eq!(world.get(&revoked, "/api/me").await.0, 200);
    let id = bellwether_people::token_id(&revoked).unwrap().to_owned();
    world.commit(vec![Step::RevokeToken { id }]).await;
    let mut forged = viewer.clone();
    forged.push('A');
    let callers = [
        ("nobody", None),
        ("an expired token", Some(format!("Bearer {expired}"))),
        ("a token of somebody who is kept out", Some(format!("Bearer {disabled}"))),
        ("a revoked token", Some(format!("Bearer {revoked}"))),
        ("a token with another secret", Some(format!("Bearer {forged}"))),
        ("no token at all", Some("Bearer bwc_' OR 1=1 --".to_owned())),
        ("a password", Some("Basic YWRhbTpwYXNzd29yZA==".to_owned())),
    ];
    for (method, path, _) in routes() {
        for (who, header) in &callers {
            let mut request = world.request(method.clone(), path).json(&json!({}));
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{method} {path} as {who}");
            let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap());
            assert!(challenge.is_some_and(|value| value.starts_with("Bearer")), "{method} {path} as {who}");
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["status"], 401, "{method} {path} as {who}");
        }
    }
    let (_, proposal) = world.get(&viewer, "/api/proposals/1").await;
    assert_eq!(proposal["proposal"]["revision"], 1, "somebody did something: {proposal}");
}

#[actix_web::test]
async fn a_token_may_do_no_more_than_its_owner_may_now() {
    let (world, _) = world().await;
    let less = Made { token_role: Role::Editor, ..Made::of("boss", Role::Admin) };
    let token = world.token(less).await;
    let (_, me) = world.get(&token, "/api/me").await;
    assert_eq!(me, json!({ "name": "boss", "role": "editor", "token": "pipeline" }));
    let promote = "/api/proposals/1/promote-past-staging";
    let order = json!({ "revision": 1, "why": "it burns" });
    assert_eq!(world.post(&token, promote, &order).await.0, 403);

    let admin = world.token(Made::of("once", Role::Admin)).await;
    assert_eq!(world.get(&admin, "/api/me").await.1["role"], "admin");
    world.commit(vec![Step::SetRole { name: "once".to_owned(), role: Role::Viewer }]).await;
    assert_eq!(world.get(&admin, "/api/me").await.1["role"], "viewer");
    assert_eq!(world.post(&admin, promote, &order).await.0, 403);
    assert_eq!(world.database.live("prod").await.unwrap().unwrap().version, 1);
}

#[actix_web::test]
async fn the_session_of_a_browser_opens_no_door_here() {
    let world = World::start().await;
    let password = "correct horse battery";
    let hash = bellwether_people::hash_password(password).unwrap();
    world.token(Made::of("adam", Role::Admin)).await;
    world.commit(vec![Step::SetPasswordHash { name: "adam".to_owned(), hash }]).await;
    let session = log_in(&world, "adam", password).await;
    let page = world.request(Method::GET, "/account").header("cookie", &session).send().await.unwrap();
    assert_eq!(page.status(), 200, "the session is no good, so the test says nothing");
    for (method, path, _) in routes() {
        let request = world.request(method.clone(), path).header("cookie", &session).json(&json!({}));
        assert_eq!(request.send().await.unwrap().status(), 401, "{method} {path}");
    }
}

/// Logs in as a browser does, and answers the cookies.
async fn log_in(world: &World, name: &str, password: &str) -> String {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = client.get(format!("{}/login", world.url)).send().await.unwrap();
    let before = cookies(&page);
    let html = page.text().await.unwrap();
    let form = html.split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let body: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("form", form), ("next", "/"), ("name", name), ("password", password)])
        .finish();
    let answer = client
        .post(format!("{}/login", world.url))
        .header("cookie", before)
        .header("origin", &world.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303, "the login is refused");
    cookies(&answer)
}

fn cookies(answer: &reqwest::Response) -> String {
    let given = answer.headers().get_all("set-cookie").iter();
    let pairs = given.filter_map(|value| value.to_str().unwrap().split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
