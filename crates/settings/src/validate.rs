//! What no type can say: bounds, and settings that do not go together.

mod console;

use secrecy::ExposeSecret as _;

use crate::Network;
use crate::load::{Problem, Problems};
use crate::sections::{Auth, AuthMode, Server, Settings};

/// An explanation of so many rounds takes seconds.
const MAX_EXPLAIN_ROUNDS: usize = 100;
const MIN_TOKEN_CHARS: usize = 16;
/// As many bytes as HMAC-SHA-256 gives: RFC 7518 demands it.
const MIN_JWT_SECRET_BYTES: usize = 32;

pub(crate) fn check(settings: Settings) -> Result<Settings, Problems> {
    let mut problems = Vec::new();
    let mut expect = |holds: bool, key: &str, message: &str| {
        if !holds {
            problems.push(Problem { key: key.to_owned(), message: message.to_owned() });
        }
    };
    let loopback = settings.server.bind.ip().is_loopback();
    // The console knows its callers by its own people and tokens; an api with its variables lets nobody in.
    let console = settings.environments.prod.is_given();
    access(&settings.auth, loopback, console, &mut expect);
    protection(&settings.server, &mut expect);
    console::check(&settings, &mut expect);
    let metrics = &settings.server.metrics_bind;
    let bindable = metrics.is_empty() || metrics.parse::<std::net::SocketAddr>().is_ok();
    expect(bindable, "server.metrics_bind", "expected an address and port as 127.0.0.1:9000, or nothing");
    let database = settings.database.url.expose_secret();
    expect(is_database(database), "database.url", DATABASE);
    let redis = settings.redis.url.expose_secret();
    expect(redis.is_empty() || is_redis(redis), "redis.url", REDIS);
    let smtp = settings.smtp.url.expose_secret();
    let known = ["smtp://", "smtps://", "file:///"].iter().any(|scheme| smtp.starts_with(scheme));
    expect(known, "smtp.url", "expected smtp://…, smtps://… or file:///folder");
    let archive = &settings.archive.url;
    expect(
        ["file:///", "s3://"].iter().any(|scheme| archive.starts_with(scheme)) || archive.is_empty(),
        "archive.url",
        "expected file:///folder, s3://bucket/prefix or nothing",
    );
    expect(
        ["", "AES256", "aws:kms"].contains(&settings.archive.encryption.as_str()),
        "archive.encryption",
        "expected \"AES256\", \"aws:kms\" or nothing",
    );
    let positive = [
        ("server.max_body_bytes", settings.server.max_body_bytes as u64),
        ("server.max_batch_bytes", settings.server.max_batch_bytes as u64),
        ("server.max_batch_rows", settings.server.max_batch_rows as u64),
        ("server.request_timeout_seconds", settings.server.request_timeout_seconds),
        ("archive.batch_records", settings.archive.batch_records as u64),
        ("archive.batch_seconds", settings.archive.batch_seconds),
        ("journal.max_bytes", settings.journal.max_bytes),
        ("replicas.heartbeat_seconds", settings.replicas.heartbeat_seconds),
        ("config.poll_seconds", settings.config.poll_seconds),
        ("ltv.ttl_seconds", settings.ltv.ttl_seconds),
        ("ltv.max_clients", settings.ltv.max_clients),
        ("model_page.session_idle_minutes", settings.model_page.session_idle_minutes.into()),
        ("model_page.session_hours", settings.model_page.session_hours.into()),
        ("explain.threads", settings.explain.threads as u64),
        ("explain.queue", settings.explain.queue as u64),
        ("flagged.max_age_days", settings.flagged.max_age_days.into()),
        ("smtp.timeout_seconds", settings.smtp.timeout_seconds),
        ("smtp.concurrency", settings.smtp.concurrency as u64),
    ];
    for (key, value) in positive {
        expect(value > 0, key, "expected at least 1");
    }
    let rounds = (1..=MAX_EXPLAIN_ROUNDS).contains(&settings.explain.rounds);
    expect(rounds, "explain.rounds", "expected 1 to 100");
    let digest_at = &settings.worker.digest_at;
    let daily = digest_at.is_empty() || settings.worker.digest_time().is_some();
    expect(daily, "worker.digest_at", "expected a time of day as 07:00, or nothing");
    let pages = &settings.flagged.public_url;
    let pathless = pages.trim_end_matches('/').matches('/').count() == 2;
    let schemed = ["https://", "http://"].iter().any(|scheme| pages.starts_with(scheme));
    let linkable = pages.is_empty() || schemed && pathless;
    expect(linkable, "flagged.public_url", "expected https://host, without a path, or nothing");
    for recipient in &settings.smtp.recipients {
        let message = format!("expected email addresses, not `{recipient}`");
        expect(recipient.contains('@'), "smtp.recipients", &message);
    }
    if problems.is_empty() { Ok(settings) } else { Err(Problems(problems)) }
}

const DATABASE: &str = "expected sqlite://path/to/file or mysql://user:password@host:port/database";
const REDIS: &str = "expected redis://host:port, rediss://host:port or nothing";

fn is_database(url: &str) -> bool {
    ["sqlite://", "mysql://"].iter().any(|scheme| url.starts_with(scheme))
}

fn is_redis(url: &str) -> bool {
    ["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme))
}

/// Who may call.
fn access(auth: &Auth, loopback: bool, console: bool, expect: &mut impl FnMut(bool, &str, &str)) {
    let (token, secret) = (auth.token.expose_secret(), auth.jwt_secret.expose_secret());
    let jwt = !(secret.is_empty() && auth.jwks_file.is_empty() && auth.jwks_url.is_empty());
    let long = token.chars().count() >= MIN_TOKEN_CHARS;
    match auth.mode {
        AuthMode::Off => {
            expect(loopback, "auth.mode", "\"off\" is refused unless server.bind is a loopback address");
        }
        AuthMode::Required if jwt => {
            expect(long || token.is_empty(), "auth.token", "expected at least 16 characters, or nothing");
        }
        AuthMode::Required => expect(
            long || (console && token.is_empty()),
            "auth.token",
            "expected at least 16 characters, since auth.mode is \"required\" and no key for JWTs is set",
        ),
    }
    let long = secret.is_empty() || secret.len() >= MIN_JWT_SECRET_BYTES;
    expect(long, "auth.jwt_secret", "expected at least 32 bytes, or nothing");
    let one = auth.jwks_file.is_empty() || auth.jwks_url.is_empty();
    expect(one, "auth.jwks_url", "expected nothing, since auth.jwks_file is set");
    expect(
        auth.jwks_url.is_empty() || is_safe(&auth.jwks_url),
        "auth.jwks_url",
        "expected https://…; http:// is taken on a loopback address only",
    );
    let told = |value: &str| !jwt || !value.trim().is_empty();
    expect(told(&auth.jwt_issuer), "auth.jwt_issuer", "expected what `iss` has to be, since a key is set");
    expect(
        told(&auth.jwt_audience),
        "auth.jwt_audience",
        "expected what `aud` has to be, since a key is set",
    );
    expect(auth.jwks_seconds > 0, "auth.jwks_seconds", "expected at least 1");
}

/// Whether nobody on the way can change what this URL answers.
fn is_safe(url: &str) -> bool {
    if let Some(rest) = url.strip_prefix("https://") {
        return !rest.is_empty();
    }
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority == "localhost" || authority.starts_with("localhost:") {
        return true;
    }
    let address = authority.parse::<std::net::SocketAddr>().map(|address| address.ip());
    let address = address.or_else(|_| authority.trim_matches(['[', ']']).parse());
    address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// How the service is shielded.
fn protection(server: &Server, expect: &mut impl FnMut(bool, &str, &str)) {
    expect(server.max_in_flight > 0, "server.max_in_flight", "expected at least 1");
    let burst = server.rate_limit_per_second == 0 || server.rate_limit_burst > 0;
    expect(
        burst,
        "server.rate_limit_burst",
        "expected at least 1, since server.rate_limit_per_second is set",
    );
    for network in &server.trusted_proxies {
        if let Err(message) = network.parse::<Network>() {
            expect(false, "server.trusted_proxies", &message);
        }
    }
    let both = server.tls_certificate_file.is_empty() == server.tls_key_file.is_empty();
    expect(both, "server.tls_key_file", "expected with server.tls_certificate_file, or neither of them");
    expect(
        !server.https_redirect || !server.trusted_proxies.is_empty(),
        "server.https_redirect",
        "expected server.trusted_proxies with it: who else would say that a request came by https",
    );
}
