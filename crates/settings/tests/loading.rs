//! The layers and the checks, as an operator meets them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::io::Write as _;

use bellwether_settings::{AuthMode, Settings, load_from};
use secrecy::ExposeSecret as _;

const TOKEN: (&str, &str) = ("BELLWETHER__AUTH__TOKEN", "1234567890123456");

async fn load(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load_from(None, variables).await.map_err(|problems| problems.0.into_iter().map(|p| p.key).collect())
}

#[tokio::test]
async fn the_defaults_with_a_token_are_complete() {
    let settings = load(&[TOKEN]).await.unwrap();
    assert_eq!(settings.server.bind.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.auth.mode, AuthMode::Required);
    assert_eq!(settings.auth.token.expose_secret(), TOKEN.1, "a token of digits stays a text");
}

#[tokio::test]
async fn a_token_is_required_unless_auth_is_off_on_loopback() {
    assert_eq!(load(&[]).await.unwrap_err(), ["auth.token"]);
    let off = ("BELLWETHER__AUTH__MODE", "off");
    assert!(load(&[off]).await.is_ok());
    assert_eq!(load(&[off, ("BELLWETHER__SERVER__BIND", "0.0.0.0:8000")]).await.unwrap_err(), ["auth.mode"]);
}

#[tokio::test]
async fn all_problems_are_reported_at_once() {
    let variables = [
        ("BELLWETHER__SERVER__BINDD", "1"),
        ("BELLWETHER__SERVER__THREADS", "many"),
        ("BELLWETHER__NOTHING", "1"),
    ];
    assert_eq!(load(&variables).await.unwrap_err(), ["server.bindd", "server.threads", "nothing"]);
    let unsound = [("BELLWETHER__SMTP__URL", "http://x"), ("BELLWETHER__SMTP__CONCURRENCY", "0")];
    assert_eq!(load(&unsound).await.unwrap_err(), ["auth.token", "smtp.url", "smtp.concurrency"]);
}

#[tokio::test]
async fn explanations_need_a_thread_a_place_to_wait_and_a_bounded_number_of_rounds() {
    let token = ("BELLWETHER__AUTH__TOKEN", "a-token-long-enough");
    for (key, name) in
        [("THREADS", "explain.threads"), ("QUEUE", "explain.queue"), ("ROUNDS", "explain.rounds")]
    {
        let key = format!("BELLWETHER__EXPLAIN__{key}");
        assert_eq!(load(&[token, (&key, "0")]).await.unwrap_err(), [name]);
    }
    let many = ("BELLWETHER__EXPLAIN__ROUNDS", "101");
    assert_eq!(load(&[token, many]).await.unwrap_err(), ["explain.rounds"]);
    assert_eq!(load(&[token, ("BELLWETHER__EXPLAIN__ROUNDS", "100")]).await.unwrap().explain.rounds, 100);
}

#[tokio::test]
async fn variables_override_the_file_and_the_file_the_defaults() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "[server]\nthreads = 3\nmax_batch_rows = 5\n[smtp]\nrecipients = [\"a@b\"]\n").unwrap();
    let variables =
        [TOKEN, ("BELLWETHER__SERVER__THREADS", "7"), ("BELLWETHER__SMTP__RECIPIENTS", "c@d, e@f")];
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = load_from(Some(file.path()), variables).await.unwrap();
    assert_eq!((settings.server.threads, settings.server.max_batch_rows), (7, 5));
    assert_eq!(settings.smtp.recipients, ["c@d", "e@f"]);
}

#[tokio::test]
async fn unknown_keys_and_wrong_types_in_the_file_are_refused_by_name() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "colour = 1\n[server]\nthreads = \"3\"\nbinds = \"x\"\n").unwrap();
    let problems = load_from(Some(file.path()), std::iter::empty()).await.unwrap_err();
    let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["colour", "server.binds", "server.threads"]);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_problem() {
    assert!(load_from(Some("nowhere.toml".as_ref()), std::iter::empty()).await.is_err());
}

#[tokio::test]
async fn secrets_are_not_in_the_debug_output() {
    assert!(!format!("{:?}", load(&[TOKEN]).await.unwrap()).contains(TOKEN.1));
}

const JWT: [(&str, &str); 3] = [
    ("BELLWETHER__AUTH__JWT_SECRET", "01234567890123456789012345678901"),
    ("BELLWETHER__AUTH__JWT_ISSUER", "https://issuer.example"),
    ("BELLWETHER__AUTH__JWT_AUDIENCE", "bellwether"),
];

#[tokio::test]
async fn a_key_for_tokens_stands_in_for_the_shared_token() {
    assert!(load(&JWT).await.is_ok());
    assert_eq!(load(&[JWT[0]]).await.unwrap_err(), ["auth.jwt_issuer", "auth.jwt_audience"]);
    let short = [("BELLWETHER__AUTH__TOKEN", "short"), JWT[0], JWT[1], JWT[2]];
    assert_eq!(load(&short).await.unwrap_err(), ["auth.token"]);
    let weak = [("BELLWETHER__AUTH__JWT_SECRET", "0123456789012345678901234567890"), JWT[1], JWT[2]];
    assert_eq!(load(&weak).await.unwrap_err(), ["auth.jwt_secret"]);
}

#[tokio::test]
async fn keys_are_fetched_where_nobody_on_the_way_can_change_them() {
    let with = async |url: &'static str| load(&[("BELLWETHER__AUTH__JWKS_URL", url), JWT[1], JWT[2]]).await;
    for url in
        ["https://issuer.example/keys", "http://127.0.0.1:1/keys", "http://[::1]:1/", "http://localhost"]
    {
        assert!(with(url).await.is_ok(), "{url}");
    }
    for url in
        ["http://issuer.example/keys", "http://localhost.example/", "http://127.0.0.1@evil/", "file:///x"]
    {
        assert_eq!(with(url).await.unwrap_err(), ["auth.jwks_url"], "{url}");
    }
}

#[tokio::test]
async fn proxies_are_networks_and_a_redirect_needs_one() {
    let proxies = |list: &'static str| ("BELLWETHER__SERVER__TRUSTED_PROXIES", list);
    let redirect = ("BELLWETHER__SERVER__HTTPS_REDIRECT", "true");
    assert!(load(&[TOKEN, proxies("10.0.0.0/8, ::1"), redirect]).await.is_ok());
    assert_eq!(
        load(&[TOKEN, proxies("10.0.0.1/8, proxy")]).await.unwrap_err(),
        ["server.trusted_proxies"; 2]
    );
    assert_eq!(load(&[TOKEN, redirect]).await.unwrap_err(), ["server.https_redirect"]);
}

#[tokio::test]
async fn a_certificate_comes_with_its_key() {
    let certificate = ("BELLWETHER__SERVER__TLS_CERTIFICATE_FILE", "tls.crt");
    assert_eq!(load(&[TOKEN, certificate]).await.unwrap_err(), ["server.tls_key_file"]);
    assert!(load(&[TOKEN, certificate, ("BELLWETHER__SERVER__TLS_KEY_FILE", "tls.key")]).await.is_ok());
}
