//! Tokens, good and bad.

use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};

use crate::issuer::{DEMANDS, RSA_PUBLIC, SECRET, Signer, by_hand, claims, in_seconds, key_set};
use crate::world::{TOKEN, World};

/// A service that takes HS256 by a secret, and RS256 and EdDSA by a file of these keys.
async fn world(signers: &[Signer]) -> (World, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key_set(signers)).unwrap();
    let path = file.path().display().to_string();
    let own = [("auth.jwks_file", path.as_str()), ("auth.jwt_secret", SECRET)];
    (World::start(&[DEMANDS.as_slice(), &own].concat()).await, file)
}

async fn detail(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    (status, problem["detail"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn no_token_is_401_a_wrong_one_403_and_each_is_told_what_is_wanted() {
    let world = World::start(&[]).await;
    let none = world.get("/predict").await;
    assert_eq!(none.headers()["www-authenticate"], "Bearer");
    assert_eq!(detail(none).await, (401, "expected `Authorization: Bearer TOKEN`".to_owned()));
    let wrong = world.with("not-the-shared-token", "/predict").await;
    assert_eq!(wrong.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
    assert_eq!(detail(wrong).await.0, 403);
    assert_eq!(world.predicts(TOKEN).await, (200, "token".to_owned()));
    assert_eq!(world.with(TOKEN, "/emails").await.status(), 200);
    let lacks = world.with(TOKEN, "/config").await;
    let wanted = "Bearer error=\"insufficient_scope\", scope=\"config\"";
    assert_eq!(lacks.headers()["www-authenticate"], wanted);
    assert_eq!(detail(lacks).await, (403, "access denied: the token lacks the scope `config`".to_owned()));
}

#[tokio::test]
async fn where_auth_is_off_everybody_may_do_everything() {
    let world = World::start(&[("auth.mode", "off")]).await;
    for scope in ["predict", "emails", "config", "outcomes", "admin"] {
        assert_eq!(world.get(&format!("/{scope}")).await.text().await.unwrap(), "local");
    }
}

#[tokio::test]
async fn every_kind_of_key_lets_its_tokens_in_beside_the_shared_token() {
    let (world, _file) = world(&[Signer::rsa_a(), Signer::ed25519()]).await;
    for signer in [Signer::secret(SECRET), Signer::rsa_a(), Signer::ed25519()] {
        let algorithm = signer.header.alg;
        assert_eq!(
            world.predicts(&signer.good("predict")).await,
            (200, "jwt:backend".to_owned()),
            "{algorithm:?}"
        );
    }
    assert_eq!(world.predicts(TOKEN).await.0, 200);
    let without_id = Signer::ed25519().header(|header| header.kid = None);
    assert_eq!(world.predicts(&without_id.good("predict")).await.0, 200, "only one key can be meant");
}

#[tokio::test]
async fn a_token_opens_the_routes_of_its_scopes_and_no_others() {
    let (world, _file) = world(&[Signer::rsa_a()]).await;
    let scopes = ["predict", "emails", "config", "outcomes", "admin"];
    let signer = Signer::secret(SECRET);
    for held in scopes {
        for wanted in scopes {
            let status = world.with(&signer.good(held), &format!("/{wanted}")).await.status().as_u16();
            let expected = if held == wanted || held == "admin" { 200 } else { 403 };
            assert_eq!(status, expected, "{held} on /{wanted}");
        }
    }
    let written = [
        json!({ "scope": "openid predict" }),
        json!({ "scope": null, "scp": ["predict"] }),
        json!({ "scope": null, "scp": "predict emails" }),
        json!({ "scope": null, "scopes": ["emails", "predict"] }),
    ];
    for changes in written {
        assert_eq!(world.predicts(&signer.sign(&claims(&changes))).await.0, 200, "{changes}");
    }
    assert_eq!(world.predicts(&signer.sign(&claims(&json!({ "scope": null })))).await.0, 403);
}

#[tokio::test]
async fn a_purpose_is_for_callers_who_may_see_the_config() {
    let (world, _file) = world(&[Signer::rsa_a()]).await;
    let status = async |bearer: &str, purpose: &str| {
        let request = world.request(Method::GET, "/predict").bearer_auth(bearer);
        request.header("x-bellwether-purpose", purpose).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(TOKEN, "trial").await, 403);
    let allowed = Signer::secret(SECRET).good("predict config");
    assert_eq!(status(&allowed, "trial").await, 200);
    assert_eq!(status(&allowed, "nonsense").await, 422);
    assert_eq!(status(&allowed, "lookup").await, 422, "only the model page makes those");
}

#[tokio::test]
async fn a_token_out_of_its_time_is_401_but_clocks_may_differ() {
    let (world, _file) = world(&[Signer::rsa_a()]).await;
    let at = |exp: i64, nbf: i64| {
        Signer::secret(SECRET).sign(&claims(&json!({ "exp": in_seconds(exp), "nbf": in_seconds(nbf) })))
    };
    let expired = world.with(&at(-40, -100), "/predict").await;
    let wanted = "Bearer error=\"invalid_token\", error_description=\"the token has expired\"";
    assert_eq!(expired.headers()["www-authenticate"], wanted);
    assert_eq!(detail(expired).await, (401, "the token has expired".to_owned()));
    let early = world.with(&at(600, 60), "/predict").await;
    assert_eq!(detail(early).await, (401, "the token is not valid yet".to_owned()));
    assert_eq!(world.predicts(&at(-10, -100)).await.0, 200, "30 s of leeway");
    assert_eq!(world.predicts(&at(600, 20)).await.0, 200, "30 s of leeway");
}

#[tokio::test]
async fn every_fault_of_a_token_is_refused_by_name() {
    let (world, _file) = world(&[Signer::rsa_a(), Signer::rsa_b(), Signer::ed25519()]).await;
    let (secret, rsa) = (Signer::secret(SECRET), Signer::rsa_a());
    let with = |changes: Value| secret.sign(&claims(&changes));
    let mut tampered = rsa.good("predict").split('.').map(str::to_owned).collect::<Vec<_>>();
    tampered[1] = rsa.good("admin").split('.').nth(1).unwrap().to_owned();
    let good = claims(&json!({}));
    let cases = [
        (with(json!({ "iss": "https://other.example" })), "another issuer"),
        (with(json!({ "aud": "somebody" })), "another audience"),
        (with(json!({ "aud": ["somebody"] })), "another audience"),
        (with(json!({ "exp": null })), "lacks `exp`, `iss` or `aud`"),
        (with(json!({ "iss": null })), "lacks `exp`, `iss` or `aud`"),
        (with(json!({ "aud": null })), "lacks `exp`, `iss` or `aud`"),
        (with(json!({ "exp": "soon" })), "lacks `exp`, `iss` or `aud`"),
        (with(json!({ "sub": "a\nb" })), "subject cannot be taken"),
        (with(json!({ "sub": "a".repeat(256) })), "subject cannot be taken"),
        (Signer::secret("another secret of these tests, 32").good("predict"), "signature is wrong"),
        (tampered.join("."), "signature is wrong"),
        (
            Signer::rsa_b().header(|header| header.kid = Some("rsa-a".into())).good("predict"),
            "signature is wrong",
        ),
        // Whoever holds the public key must not be able to sign with it.
        (
            Signer::secret(RSA_PUBLIC).header(|header| header.kid = Some("rsa-a".into())).good("predict"),
            "signature is wrong",
        ),
        (rsa.clone().header(|header| header.kid = Some("nobody".into())).good("predict"), "key is unknown"),
        (
            rsa.clone().header(|header| header.kid = Some("ed".into())).good("predict"),
            "not for its algorithm",
        ),
        (
            Signer::ed25519().header(|header| header.kid = Some("rsa-a".into())).good("predict"),
            "not for its algorithm",
        ),
        (rsa.clone().header(|header| header.kid = None).good("predict"), "not for its algorithm"),
        (
            rsa.clone().header(|header| header.crit = Some(vec!["b64".into()])).good("predict"),
            "not understood",
        ),
        (
            secret.clone().header(|header| header.alg = Algorithm::HS384).good("predict"),
            "algorithm is not taken",
        ),
        (
            rsa.clone().header(|header| header.alg = Algorithm::RS512).good("predict"),
            "algorithm is not taken",
        ),
        (by_hand(&json!({ "alg": "ES256", "kid": "rsa-a" }), &good), "algorithm is not taken"),
        (by_hand(&json!({ "alg": "none" }), &good), "cannot be read"),
        (by_hand(&json!({ "alg": "None" }), &good), "cannot be read"),
        (by_hand(&json!({ "typ": "JWT" }), &good), "cannot be read"),
        ("a.b.c".to_owned(), "cannot be read"),
        (format!("{}.", secret.good("predict").rsplit_once('.').unwrap().0), "signature is wrong"),
    ];
    for (token, words) in cases {
        let (status, detail) = detail(world.with(&token, "/predict").await).await;
        assert_eq!(status, 403, "{words}: {detail}");
        assert!(detail.contains(words), "expected `{words}` in `{detail}`");
    }
}

#[tokio::test]
async fn a_key_set_alone_takes_no_token_that_is_signed_with_a_secret() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let oct = json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "oct", "alg": "HS256" });
    std::fs::write(file.path(), json!({ "keys": [Signer::rsa_a().jwk(), oct] }).to_string()).unwrap();
    let path = file.path().display().to_string();
    let world = World::start(&[DEMANDS.as_slice(), &[("auth.jwks_file", &path)]].concat()).await;
    for secret in [RSA_PUBLIC, "secret", ""] {
        for id in ["rsa-a", "oct"] {
            let signer = Signer::secret(secret).header(|header| header.kid = Some(id.into()));
            let (status, told) = detail(world.with(&signer.good("predict"), "/predict").await).await;
            assert_eq!((status, told.as_str()), (403, "the token's algorithm is not taken here"));
        }
    }
    assert_eq!(world.predicts(&Signer::rsa_a().good("predict")).await.0, 200);
}
