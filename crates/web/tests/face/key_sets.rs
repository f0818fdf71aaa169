//! Key sets: from a file and a URL, rotated, away, hanging, and useless.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use bellwether_testkit::wait::until;
use serde_json::json;

use crate::issuer::{DEMANDS, KeyServer, Signer, key_set};
use crate::world::{TOKEN, World};

const SOON: Duration = Duration::from_secs(20);

async fn world(url: &str, seconds: &str) -> World {
    World::start(&[DEMANDS.as_slice(), &[("auth.jwks_url", url), ("auth.jwks_seconds", seconds)]].concat())
        .await
}

async fn accepted(world: &World, token: &str) -> bool {
    world.predicts(token).await.0 == 200
}

#[tokio::test]
async fn a_rotated_key_is_taken_up_on_schedule_and_the_old_one_let_go() {
    let server = KeyServer::start(&[Signer::rsa_a()]);
    let world = world(&server.url(), "1").await;
    let (old, new) = (Signer::rsa_a().good("predict"), Signer::ed25519().good("predict"));
    assert!(accepted(&world, &old).await);
    server.answers(200, key_set(&[Signer::ed25519()]));
    until("the new key is taken up", SOON, || accepted(&world, &new)).await;
    assert!(!accepted(&world, &old).await);
}

#[tokio::test]
async fn an_unknown_key_asks_anew_but_not_more_often_than_every_10_seconds() {
    let server = KeyServer::start(&[Signer::ed25519()]);
    let begun = Instant::now();
    let world = world(&server.url(), "3600").await;
    server.answers(200, key_set(&[Signer::ed25519(), Signer::rsa_a()]));
    let new = Signer::rsa_a().good("predict");
    assert!(!accepted(&world, &new).await, "the set was read just now");
    assert_eq!(server.hits(), 1);
    until("the new key is asked for", SOON, || accepted(&world, &new)).await;
    assert!(begun.elapsed() >= Duration::from_secs(10), "after {:?}", begun.elapsed());
    let unknown = Signer::rsa_a().header(|header| header.kid = Some("nobody".into())).good("predict");
    let many = (0..50).map(|_| world.predicts(&unknown));
    for (status, _) in futures_util::future::join_all(many).await {
        assert_eq!(status, 403);
    }
    assert_eq!(server.hits(), 2, "guesses at key names do not reach the issuer");
}

#[tokio::test]
async fn keys_stay_while_their_server_is_away() {
    let server = KeyServer::start(&[Signer::ed25519()]);
    let world = world(&server.url(), "1").await;
    let token = Signer::ed25519().good("predict");
    for (status, body) in
        [(500, String::new()), (200, "nonsense".into()), (200, json!({ "keys": [] }).to_string())]
    {
        server.answers(status, body);
        let before = server.hits();
        until("it is asked again, twice", SOON, || async { server.hits() >= before + 2 }).await;
        assert!(accepted(&world, &token).await);
    }
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_waited_for_and_the_shared_token_works_meanwhile() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = world(&format!("http://{free}/keys"), "3600").await;
    let token = Signer::ed25519().good("predict");
    let response = world.with(&token, "/predict").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    assert!(response.text().await.unwrap().contains("their key set could not be fetched yet"));
    assert_eq!(world.predicts(TOKEN).await.0, 200);
    let _server = KeyServer::start_at(free, &[Signer::ed25519()]);
    until("the keys are there", SOON, || accepted(&world, &token)).await;
}

#[tokio::test]
async fn a_server_that_hangs_holds_no_request_for_long() {
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let begun = Instant::now();
    let world = world(&format!("http://{}/keys", hangs.local_addr().unwrap()), "3600").await;
    assert!(begun.elapsed() < Duration::from_secs(8), "the start waited {:?}", begun.elapsed());
    let token = Signer::ed25519().good("predict");
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(3) {
        let one = Instant::now();
        assert_eq!(world.predicts(&token).await.0, 503);
        assert!(one.elapsed() < Duration::from_secs(4), "a request waited {:?}", one.elapsed());
    }
}

#[tokio::test]
async fn a_file_that_changes_is_read_anew_and_one_that_breaks_is_not_believed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key_set(&[Signer::ed25519()])).unwrap();
    let path = file.path().display().to_string();
    let world = World::start(&[DEMANDS.as_slice(), &[("auth.jwks_file", &path)]].concat()).await;
    let (old, new) = (Signer::ed25519().good("predict"), Signer::rsa_a().good("predict"));
    assert!(accepted(&world, &old).await && !accepted(&world, &new).await);
    std::fs::write(file.path(), "half a fi").unwrap();
    assert!(accepted(&world, &old).await);
    std::fs::write(file.path(), key_set(&[Signer::rsa_a()])).unwrap();
    until("the new file is read", SOON, || accepted(&world, &new)).await;
    assert!(!accepted(&world, &old).await);
}

#[tokio::test]
async fn a_file_that_is_of_no_use_at_the_start_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display().to_string();
    let weak = key_set(&[Signer::rsa_weak()]);
    let encrypts = {
        let mut jwk = Signer::rsa_a().jwk();
        jwk["use"] = json!("enc");
        json!({ "keys": [jwk] }).to_string()
    };
    for (text, words) in
        [("[]", "is no JSON Web Key Set"), (&weak, "holds no key"), (&encrypts, "holds no key")]
    {
        std::fs::write(file.path(), text).unwrap();
        let error = World::try_start(&[DEMANDS.as_slice(), &[("auth.jwks_file", &path)]].concat()).await;
        let told = error.err().unwrap().to_string();
        assert!(told.starts_with("auth.jwks_file: ") && told.contains(words), "{told}");
    }
    let nowhere =
        World::try_start(&[DEMANDS.as_slice(), &[("auth.jwks_file", "/nowhere/keys")]].concat()).await;
    assert!(nowhere.err().unwrap().to_string().contains("`/nowhere/keys` cannot be read"));
}
